//! What commands write: only regular files are replaced, no link is followed, and nobody but their owner reads them.

use super::process::{Running, once, run, store, url};
use crate::support::{HeldSandbox, check_exit, folder, tensorflix};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const FOR_THE_OWNER: u32 = 0o600;

fn mode(file: &Path) -> u32 {
    std::fs::symlink_metadata(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())).mode() & 0o777
}

fn export(folder: &Path, out: &str) -> Output {
    let mut command = tensorflix(folder, &["export", "--format", "csv", "--config", "w.toml", "--out", out]);
    command.env("TENSORFLIX__STORE__URL", url(&store(folder))).output().expect("export")
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn an_export_replaces_nothing_but_a_regular_file_and_follows_no_link() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    check_exit(&once(folder.path(), &store(folder.path())), 0);
    let place = folder.path().join("out");
    std::fs::create_dir(&place).expect("a folder");
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "theirs").expect("written");
    let at = |name: &str| place.join(name);
    let path = |name: &str| place.join(name).to_str().expect("UTF-8").to_owned();

    // What somebody who shares the folder could have put there.
    for planted in ["c.csv.unfinished", "c.csv.tmp", ".c.csv"] {
        symlink(&victim, at(planted)).expect("a link");
    }
    symlink(&victim, at("link.csv")).expect("a link");
    assert!(Command::new("mkfifo").arg(at("pipe")).status().expect("mkfifo").success());
    std::fs::create_dir(at("folder")).expect("a folder");
    std::fs::write(at("old.csv"), "old").expect("written");
    let before = names(&place);

    for refused in ["link.csv", "pipe", "folder"] {
        let stderr = check_exit(&export(folder.path(), &path(refused)), 1);
        assert!(stderr.contains(refused), "{stderr}");
    }
    for device in ["/dev/stdout", "/dev/null", "/dev/fd/1", "/proc/self/fd/1"] {
        let stderr = check_exit(&export(folder.path(), device), 1);
        assert!(stderr.contains("omit --out") && stderr.contains("> "), "{device}: {stderr}");
    }
    assert_eq!(names(&place), before, "nothing was left behind");
    assert!(std::fs::symlink_metadata(at("pipe")).expect("a pipe").file_type().is_fifo());
    assert!(std::fs::symlink_metadata(at("link.csv")).expect("a link").is_symlink());
    assert!(std::fs::metadata("/dev/null").expect("a device").file_type().is_char_device());

    for written in ["c.csv", "old.csv"] {
        check_exit(&export(folder.path(), &path(written)), 0);
        assert!(std::fs::read_to_string(at(written)).expect("text").starts_with("cycle"), "{written}");
        assert_eq!(mode(&at(written)), FOR_THE_OWNER, "{written}");
    }
    assert_eq!(std::fs::read_to_string(&victim).expect("text"), "theirs");
}

#[test]
fn a_sandbox_writes_its_configuration_through_no_link() {
    let folder = folder();
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "theirs").expect("written");
    let own = folder.path().join("w.sandbox");
    std::fs::create_dir(&own).expect("a folder");
    symlink(&victim, own.join("config.toml.unfinished")).expect("a link");
    let sandbox = HeldSandbox::start(folder.path(), &[]);
    assert_eq!(std::fs::read_to_string(&victim).expect("text"), "theirs");
    assert_eq!(mode(&folder.path().join("w.toml")), FOR_THE_OWNER);
    drop(sandbox);

    let start = |name: &str| {
        let arguments = ["sandbox", "--hold", "--force", "--write-config", name];
        let process = tensorflix(folder.path(), &arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        super::process::ended(process.expect("a sandbox"))
    };
    std::fs::remove_file(own.join("youtube.key")).expect("removed");
    symlink(&victim, own.join("youtube.key")).expect("a link");
    let stderr = check_exit(&start("w.toml"), 1);
    assert!(stderr.contains("youtube.key"), "{stderr}");
    symlink(&victim, folder.path().join("link.toml")).expect("a link");
    for refused in ["link.toml", "/dev/stdout", "/dev/null"] {
        let stderr = check_exit(&start(refused), 2);
        assert!(stderr.contains(refused), "{stderr}");
    }
    assert!(!folder.path().join("link.sandbox").exists() && !Path::new("/dev/stdout.sandbox").exists());
    symlink(folder.path().join("out"), folder.path().join("x.sandbox")).expect("a link");
    std::fs::create_dir(folder.path().join("out")).expect("a folder");
    check_exit(&start("x.toml"), 1);
    assert_eq!(names(&folder.path().join("out")), Vec::<String>::new(), "keys went through a link");
    assert_eq!(std::fs::read_to_string(&victim).expect("text"), "theirs");
}

#[test]
fn what_is_written_is_for_its_owner_alone_whatever_the_umask() {
    let folder = folder();
    // The umask of this test, and so of the processes that it starts: everybody may do everything.
    rustix::process::umask(rustix::fs::Mode::empty());
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let store = store(folder.path());
    let mut command = run(folder.path(), &store, &[]);
    command.env("TENSORFLIX__LOG__FILE", "logs/own.log");
    let _validator = Running::start(command, "weights are on chain");
    let backup = folder.path().join("copy.db");
    let mut command = tensorflix(folder.path(), &["backup", "copy.db", "--config", "w.toml"]);
    check_exit(&command.env("TENSORFLIX__STORE__URL", url(&store)).output().expect("backup"), 0);
    check_exit(&export(folder.path(), "out.csv"), 0);
    for name in ["own.db", "own.db-wal", "own.db-shm", "own.db.lock", "logs/own.log", "out.csv", "w.toml"] {
        assert_eq!(mode(&folder.path().join(name)), FOR_THE_OWNER, "{name}");
    }
    assert_eq!(mode(&backup), FOR_THE_OWNER);
    for name in ["logs", "w.sandbox", "w.sandbox/wallets"] {
        assert_eq!(mode(&folder.path().join(name)), 0o700, "{name}");
    }
}
