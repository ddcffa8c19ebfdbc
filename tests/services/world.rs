//! A sandbox in this process, services of the binary against it, and what they publish of themselves to check answers by.

use crate::support::{folder, tensorflix};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tensorflix::adapters::http::install_crypto_provider;
use tensorflix::config::Config;
use tensorflix::wiring::sandbox_config;
use tensorflix_sandbox::world::{Conduct, Content, Counts, Platform};
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Longest wait for anything in these tests.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A sandbox, and the folder of the services that work against it.
pub struct World {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
}

impl World {
    /// Starts a sandbox, and writes a configuration that `change` has changed.
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
        let folder = folder();
        let mut config = sandbox_config::write(&sandbox, folder.path(), "validator.db").expect("a configuration");
        change(&mut config);
        std::fs::write(folder.path().join("w.toml"), config.to_toml()).expect("written");
        Self { sandbox, folder }
    }

    /// Starts a command of the binary and waits until it listens on as many addresses.
    pub async fn serve(&self, arguments: &[&str], addresses: usize) -> Service {
        let command = tensorflix(self.folder.path(), &[arguments, &["--config", "w.toml"]].concat());
        Service::start(command, addresses).await
    }

    pub async fn tracker(&self) -> Service {
        self.serve(&["platform-tracker"], 1).await
    }

    /// A video or reel that an honest miner lists.
    pub fn honest(&self, platform: Platform) -> Content {
        let world = self.sandbox.world().read();
        let gists = world.miners_who(Conduct::Honest).filter_map(|member| world.gist(&member.gist_id));
        let listed = gists.filter_map(|gist| gist.newest(self.sandbox.block()));
        let texts = listed.flat_map(|revision| revision.files.iter().map(|file| file.bytes.to_vec()));
        let pairs = texts
            .filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .flat_map(|gist| gist["submissions"].as_array().into_iter().flatten().cloned().collect::<Vec<Value>>());
        let mut contents = pairs.filter_map(|pair| {
            world.visible_content(platform, pair[1].as_str().unwrap_or_default(), self.sandbox.block())
        });
        contents.next().expect("an honest miner lists one")
    }

    /// Adds a video or reel with this id, and its counts.
    pub fn add(&self, platform: Platform, id: &str, counts: Counts) {
        let content = Content { id: id.to_owned(), ..self.honest(platform) };
        self.sandbox.world().add_content(content);
        self.sandbox.world().set_counts(platform, id, counts).expect("it is there");
    }

    /// Requests that YouTube received.
    pub fn youtube_requests(&self) -> u64 {
        self.sandbox.counters().platforms.youtube.requests
    }
}

/// A running process of the binary.
pub struct Service {
    process: Child,
    pub urls: Vec<String>,
    log: Arc<Mutex<Vec<String>>>,
    pub client: reqwest::Client,
}

impl Service {
    pub async fn start(mut command: std::process::Command, addresses: usize) -> Self {
        install_crypto_provider();
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process");
        let stderr = process.stderr.take().expect("its stderr");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (found, mut listening) = tokio::sync::mpsc::unbounded_channel();
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.contains(": listening ")
                    && let Some((_, address)) = line.split_once("address=")
                {
                    let _ = found.send(address.trim().to_owned());
                }
                lines.lock().expect("no panic").push(line);
            }
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut service = Self { process, urls: Vec::new(), log, client };
        while service.urls.len() < addresses {
            let url = tokio::time::timeout(PATIENCE, listening.recv()).await;
            let url = url.ok().flatten().unwrap_or_else(|| panic!("it does not listen:\n{}", service.log()));
            service.urls.push(url);
        }
        service
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").join("\n")
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_from(0, path).await
    }

    pub async fn get_from(&self, server: usize, path: &str) -> Answer {
        let url = format!("{}{path}", self.urls[server]);
        Answer::of(self.client.get(url).send().await.expect("an answer")).await
    }

    /// Asks until `accept` takes the answer.
    pub async fn until(&self, server: usize, path: &str, accept: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get_from(server, path).await;
            if accept(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{path} still gives {answer:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the service publishes of itself.
    pub async fn document(&self, server: usize) -> Value {
        let document = self.get_from(server, "/openapi.json").await;
        assert_eq!(document.status, 200);
        document.body
    }

    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Waits until the log has this piece.
    pub async fn logged(&self, piece: &str) {
        self.logged_times(piece, 1).await;
    }

    /// Waits until the log has this piece so often.
    pub async fn logged_times(&self, piece: &str, times: usize) {
        let begun = Instant::now();
        while self.log().matches(piece).count() < times {
            assert!(begun.elapsed() < PATIENCE, "{piece:?} is not logged:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for the end of the process.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().expect("a process") {
                return status;
            }
            assert!(begun.elapsed() < within, "it did not end within {within:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An answer; a body that is not JSON is a text.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let retry_after =
            headers.get("retry-after").map(|text| text.to_str().expect("ASCII").parse().expect("seconds"));
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, retry_after, headers, body }
    }

    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_else(|| panic!("no detail in {self:?}"))
    }
}

/// Checks an answer against what the service publishes for this path and status.
#[track_caller]
pub fn check_published(document: &Value, path: &str, answer: &Answer) {
    let status = answer.status.to_string();
    let published = &document["paths"][path]["get"]["responses"][&status]["content"]["application/json"]["schema"];
    assert!(published.is_object(), "{path} publishes nothing for {status}: {answer:?}");
    let mut schema = published.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("a schema");
    let problems: Vec<String> =
        validator.iter_errors(&answer.body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{path}: {problems:#?}\n{:#}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/json", "{path}");
    // A schema that takes anything checks nothing.
    assert!(!validator.is_valid(&json!({"surprise": 1})), "{path} publishes a schema that takes anything");
}
