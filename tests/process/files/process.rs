//! A validator that is watched from outside while something is done to its files.

use crate::support::tensorflix;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for an end that must come, far below what a retry that never ends takes.
pub const PATIENCE: Duration = Duration::from_secs(110);

/// The store that the tests use: a plain name in the folder of the test.
pub fn store(folder: &Path) -> PathBuf {
    folder.join("own.db")
}

pub fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// `run` with more arguments on a store.
pub fn run(folder: &Path, store: &Path, more: &[&str]) -> Command {
    let mut command = tensorflix(folder, &[&["run", "--config", "w.toml"], more].concat());
    command.env("TENSORFLIX__STORE__URL", url(store)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// One cycle on a store.
pub fn once(folder: &Path, store: &Path) -> Output {
    ended(run(folder, store, &["--once", "--output", "json"]).spawn().expect("run"))
}

/// Waits for a process that must end by itself.
#[track_caller]
pub fn ended(mut process: Child) -> Output {
    let since = Instant::now();
    while process.try_wait().expect("its state").is_none() {
        if since.elapsed() > PATIENCE {
            process.kill().expect("killed");
            let output = process.wait_with_output().expect("its output");
            panic!("no end after {PATIENCE:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    process.wait_with_output().expect("an end")
}

/// A running validator, killed with the value.
pub struct Running {
    pub process: Child,
    lines: BufReader<ChildStderr>,
    seen: String,
}

impl Running {
    /// Starts one and waits for a line of its log.
    pub fn start(command: Command, ready: &str) -> Self {
        let mut running = Self::begin(command);
        running.line(ready);
        running
    }

    /// Starts one.
    pub fn begin(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process");
        let lines = BufReader::new(process.stderr.take().expect("its stderr"));
        Self { process, lines, seen: String::new() }
    }

    /// The first line of its log that has a text in it.
    pub fn line(&mut self, text: &str) -> String {
        loop {
            if let Some(line) = self.seen.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            let read = self.lines.read_line(&mut self.seen).expect("text");
            assert_ne!(read, 0, "it ended before {text:?}: {}", self.seen);
        }
    }

    /// What a service of it answers for its health: the status and the body. `None` once it is gone.
    pub fn health(&mut self, service: &str) -> Option<(u16, String)> {
        let line = self.line(&format!("listening service=\"{service}\""));
        let address = line.split("http://").nth(1).expect("an address").trim().to_owned();
        let mut stream = TcpStream::connect(&address).ok()?;
        write!(stream, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }

    /// Waits for its end, and gives the exit code, if it has one, with the rest of its log.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("its state") {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "no end after {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).expect("its log");
        (status.code(), String::from_utf8_lossy(&rest).into_owned())
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status();
        assert!(status.expect("kill").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
