//! A validator on a thread of its own, with platform servers of its own, so that it can be cut off alone. It runs
//! only in its turn: between turns its thread waits, and no block reaches it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tensorflix::config::Config;
use tensorflix::console::reporter::Event;
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::policy::OwnershipRule;
use tensorflix_sandbox::platforms::Platforms;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::{GITHUB_TOKEN, Sandbox, ValidatorIdentity};
use tensorflix_store::Store;
use tokio::sync::oneshot;

/// For one turn.
const PATIENCE: Duration = Duration::from_secs(120);

/// Hours of a slot, which is as long as a polling round of 25 blocks: a cycle in each round.
const SLOT_HOURS: f64 = 0.0834;

const STORE: &str = "validator.db";

enum Turn {
    Cycle(oneshot::Sender<DecidedCycle>),
    BackUp(PathBuf, oneshot::Sender<()>),
}

pub struct Validator {
    config: Config,
    platforms: Platforms,
    folder: tempfile::TempDir,
    life: Option<(Sender<Turn>, JoinHandle<()>)>,
}

impl Validator {
    /// The validator with this UID, not yet started. All have the task gist that the sandbox is made for.
    pub async fn new(sandbox: &Sandbox, uid: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = sandbox_config::write(sandbox, folder.path(), STORE).expect("a configuration");
        let member = sandbox.world().read().members()[usize::from(uid)].clone();
        take_wallet(folder.path(), &ValidatorIdentity::of(&member));
        let platforms = Platforms::start(sandbox.world().clone()).await.expect("platforms");
        config.github.api_url = platforms.github_api_url().parse().expect("a URL");
        config.github.raw_url = platforms.github_raw_url().parse().expect("a URL");
        config.platforms.set("youtube", "api_url", platforms.youtube_url());
        config.platforms.set("instagram", "api_url", platforms.apify_url());
        // All at once, so that what fails and is tried again is waited for once.
        config.github.max_in_flight = 64;
        // Without a token only a few pinned revisions are read in each round.
        config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
        config.validator.update_interval_hours = SLOT_HOURS;
        config.rules.ownership_tag = OwnershipRule::Off;
        Self { config, platforms, folder, life: None }
    }

    /// The same, with these hours of recovery.
    pub fn recovering_for(mut self, hours: f64) -> Self {
        self.config.verifier.recover_hours = hours;
        self
    }

    /// Starts its process.
    pub fn start(&mut self) {
        let (turns, taken) = channel();
        let config = self.config.clone();
        let thread = std::thread::spawn(move || live(&config, &taken));
        self.life = Some((turns, thread));
    }

    pub fn is_running(&self) -> bool {
        self.life.is_some()
    }

    /// Ends its process.
    pub fn stop(&mut self) {
        if let Some((turns, thread)) = self.life.take() {
            drop(turns);
            thread.join().expect("no panic");
        }
    }

    /// Lets it live until it has decided the cycle that is due.
    pub async fn cycle(&self) -> DecidedCycle {
        self.turn(Turn::Cycle).await
    }

    /// Copies its store while it works on it, as `backup` does.
    pub async fn back_up(&self) {
        self.turn(|done| Turn::BackUp(self.backup(), done)).await;
    }

    /// Has it live from its backup from now on. Its process must have ended. The backup gets a name of its own: threads of
    /// this process may be at the old file for a while yet, which those of a process that has ended are not.
    pub fn restore(&mut self) {
        let file = self.folder.path().join("restored.db");
        std::fs::copy(self.backup(), &file).expect("a backup");
        self.config.store.url = format!("sqlite://{}", file.display());
    }

    /// Breaks every connection to GitHub and the platforms from now on.
    pub fn cut_off(&self) {
        let faults = self.platforms.faults();
        for server in [&faults.github_api, &faults.github_raw, &faults.youtube, &faults.apify] {
            server.inject(FaultRule::new(Fault::Reset));
        }
    }

    pub fn reconnect(&self) {
        self.platforms.faults().clear();
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup.db")
    }

    async fn turn<T>(&self, turn: impl FnOnce(oneshot::Sender<T>) -> Turn) -> T {
        let (done, waiting) = oneshot::channel();
        let (turns, _) = self.life.as_ref().expect("it runs");
        turns.send(turn(done)).expect("it lives");
        tokio::time::timeout(PATIENCE, waiting).await.expect("a turn in time").expect("it lives")
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        if let Some((turns, thread)) = self.life.take() {
            drop(turns);
            // A thread in the middle of a turn never ends: the failure must be reported all the same.
            if !std::thread::panicking() {
                let _ = thread.join();
            }
        }
    }
}

/// Puts another validator's keys in the place of those in the folder's wallet.
fn take_wallet(folder: &Path, identity: &ValidatorIdentity) {
    let wallet = folder.join("wallets").join("sandbox");
    for (file, content) in [
        ("hotkeys/sandbox", &identity.hotkey_keyfile),
        ("hotkeys/sandboxpub.txt", &identity.hotkey_public_keyfile),
        ("coldkeypub.txt", &identity.coldkey_public_keyfile),
    ] {
        let file = wallet.join(file);
        assert!(file.exists(), "{} has another name now", file.display());
        std::fs::write(file, content).expect("a key file");
    }
}

/// The process: it decides, and sends nothing, so that no block comes in between.
fn live(config: &Config, turns: &Receiver<Turn>) {
    actix_rt::System::new().block_on(async {
        let mode = Mode { opening: Opening::Grid, dry_run: true };
        let mut app = App::start(config, mode).await.expect("a validator");
        while let Ok(turn) = turns.recv() {
            match turn {
                Turn::Cycle(done) => {
                    let _ = done.send(next_decided(&mut app).await);
                }
                Turn::BackUp(file, done) => {
                    let store = Store::open(&config.store.url).await.expect("its store");
                    let backup = store.back_up(&file).await.expect("a backup");
                    assert!(backup.claims > 0, "{backup:?}");
                    store.close().await;
                    let _ = done.send(());
                }
            }
        }
    });
}

async fn next_decided(app: &mut App) -> DecidedCycle {
    loop {
        let event = tokio::select! {
            Some(actor) = app.escalations.recv() => panic!("{actor} gave up"),
            event = app.events.recv() => event.expect("a reporter"),
        };
        if let Event::Decided(decided) = event {
            return app.store.decided_cycle(decided.cycle).await.expect("its store").expect("a cycle");
        }
    }
}
