//! A sandbox in the test's own process, to be spoilt and looked into, and commands that work against it.

use crate::support::{finished, folder};
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;
use tensorflix::commands::commit::committer::{CommitError, Committed, Committer};
use tensorflix_chain::{ChainConfig, Client, HotkeyWallet, NoGate, NoPasswords};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_sandbox::world::{Gist, GistFile, SUBMISSION_FILE};
use tensorflix_sandbox::{NETUID, Sandbox, SandboxConfig};

/// What the tests commit.
pub const GIST: &str = "alice:0123456789abcdef0123456789abcdef";

/// A sandbox in this process, for what only its handles can do, and the folder of the commands that work against it.
pub struct World {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
        let (login, id) = GIST.split_once(':').expect("a gist");
        let file = GistFile::new(SUBMISSION_FILE, r#"{"submissions": [["a-task", "AAAAAAAAAAA"]]}"#);
        let gist = Gist::new(id.to_owned(), login.to_owned(), 77, "for the tests", sandbox.block(), vec![file]);
        sandbox.world().add_gist(gist);
        let folder = folder();
        let urls = sandbox.urls();
        let config = format!(
            "[network]\nnetwork = \"{}\"\n[github]\napi_url = \"{}\"\nraw_url = \"{}\"\n[wallet]\npath = \"wallets\"\n",
            urls.node, urls.github_api, urls.github_raw
        );
        std::fs::write(folder.path().join("w.toml"), config).expect("written");
        let world = Self { sandbox, folder };
        std::fs::create_dir_all(world.keyfile().parent().expect("a folder")).expect("a folder");
        std::fs::write(world.keyfile(), world.sandbox.validator().hotkey_keyfile).expect("written");
        world
    }

    fn keyfile(&self) -> PathBuf {
        self.folder.path().join("wallets/default/hotkeys/default")
    }

    /// Runs the command against this sandbox.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let folder = self.folder.path().to_owned();
        let arguments: Vec<String> =
            arguments.iter().copied().chain(["--config", "w.toml"]).map(str::to_owned).collect();
        let run = move || finished(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.expect("the process ran")
    }

    pub async fn commit(&self, more: &[&str]) -> Output {
        self.run(&[&["commit", "--commit", GIST, "--output", "json"], more].concat()).await
    }

    pub fn hotkey(&self) -> [u8; 32] {
        self.sandbox.world().validator().hotkey.public()
    }

    pub fn committed(&self) -> String {
        let stored = self.sandbox.node().commitment(&self.hotkey()).expect("a commitment");
        String::from_utf8(stored.text).expect("text")
    }

    /// Commits in this process, with a patience of its own; `progress` hears of each step.
    pub async fn commit_here(&self, patience: Duration, progress: &dyn Fn(&str)) -> Result<Committed, CommitError> {
        let wallet = HotkeyWallet::open_file(&self.keyfile(), &NoPasswords).expect("a wallet");
        let client = Client::unconnected(ChainConfig {
            endpoints: vec![self.sandbox.urls().node],
            expected_genesis: None,
            request_timeout: Duration::from_secs(60),
            gate: Arc::new(NoGate),
        });
        let committer = Committer { client: &client, wallet: &wallet, netuid: NETUID, patience, progress };
        let pointer: GistPointer = GIST.parse().expect("a gist");
        committer.commit(&pointer, false).await
    }
}
