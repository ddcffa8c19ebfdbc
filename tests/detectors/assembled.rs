//! Whole validators against a sandbox's chain, platforms and detectors: whom they ask, what the platform says itself, and what they
//! warn of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tensorflix::config::Config;
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::connections;
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_domain::verification::{CheckMode, Provider};
use tensorflix_sandbox::platforms::counters::ServerSnapshot;
use tensorflix_sandbox::world::{
    Conduct, Content, OTHER_VALIDATORS, Platform as SandboxPlatform, VALIDATOR_UID, WorldConfig,
};
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_testkit::logs::Logs;

/// Ends a test that hangs. No machine is too slow for it, however busy.
const HANGS_AFTER: Duration = Duration::from_secs(1_800);

/// A sandbox of honest miners, and a folder for each validator.
struct Town {
    runtime: tokio::runtime::Runtime,
    sandbox: Option<Sandbox>,
    folder: tempfile::TempDir,
}

impl Drop for Town {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.sandbox = None;
    }
}

impl Town {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let cast = Some(vec![vec![Conduct::Honest]]);
        let world = WorldConfig { seed: 5, miners: 8, tasks: 2, submissions_per_task: Some(5), cast };
        let sandbox = runtime.block_on(Sandbox::start(SandboxConfig { world, ..SandboxConfig::default() }));
        Self { runtime, sandbox: Some(sandbox.expect("a sandbox")), folder: tempfile::tempdir().expect("a folder") }
    }

    fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("until it is dropped")
    }

    /// The configuration of the validator with this UID: its own hotkey and store, and the same keys of detectors as all.
    fn config(&self, uid: u16) -> Config {
        let folder = self.folder.path().join(uid.to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = sandbox_config::write(self.sandbox(), &folder, "validator.db").expect("a configuration");
        let member = self.sandbox().world().read().members()[usize::from(uid)].clone();
        assert!(member.has_permit());
        let hotkeys = folder.join("wallets").join(&config.wallet.name).join("hotkeys");
        let write = |name: &Path, text: String| std::fs::write(hotkeys.join(name), text).expect("written");
        write(config.wallet.hotkey.as_ref(), member.hotkey.keyfile());
        write(format!("{}pub.txt", config.wallet.hotkey).as_ref(), member.hotkey.public_keyfile());
        let wallet = connections::open_wallet(&config.wallet).expect("a wallet");
        assert_eq!(wallet.hotkey().to_string(), member.hotkey.ss58());
        config
    }

    /// What a validator decides at the newest block.
    fn decide(config: &Config) -> DecidedCycle {
        actix_rt::System::new().block_on(async {
            let mode = Mode { opening: Opening::Once, dry_run: true };
            let mut app = App::start(config, mode).await.expect("a validator");
            let mut session = Session::default();
            let decided = tokio::time::timeout(HANGS_AFTER, async {
                loop {
                    if let Shown::Cycle(report) = session.next(app.feed()).await.expect("no actor gives up") {
                        break report.decided;
                    }
                }
            });
            decided.await.expect("a cycle in time")
        })
    }

    /// How often each detector's server was asked at all, and about each item where requests name it.
    fn asked(&self) -> Asked {
        let counters = self.sandbox().counters().platforms;
        let servers = [
            (Provider::Sightengine, counters.sightengine),
            (Provider::Openai, counters.openai),
            (Provider::Webhook, counters.webhook),
        ];
        let of_server = |(provider, server): (Provider, ServerSnapshot)| {
            let all = ((provider, ALL.to_owned()), server.requests);
            std::iter::once(all).chain(server.by_id.into_iter().map(move |(id, count)| ((provider, id), count)))
        };
        servers.into_iter().flat_map(of_server).collect()
    }

    /// What was asked while somebody decided.
    fn asked_by(&self, config: &Config) -> (DecidedCycle, Asked) {
        let before = self.asked();
        let decided = Self::decide(config);
        let mut asked = self.asked();
        asked.retain(|key, count| {
            *count -= before.get(key).copied().unwrap_or_default();
            *count > 0
        });
        (decided, asked)
    }

    /// Changes a video of some miner that no other change has.
    fn edit(&self, video: &str, edit: impl FnOnce(&mut Content)) {
        self.sandbox().world().edit_content(SandboxPlatform::YouTube, video, edit).expect("it is there");
    }
}

/// Requests of one validator, by server and content.
type Asked = BTreeMap<(Provider, String), u64>;

/// In place of an id: every request.
const ALL: &str = "*";

/// The contents that one detector was asked about.
fn ids(asked: &Asked, provider: Provider) -> BTreeSet<&str> {
    asked.keys().filter(|(of, id)| *of == provider && id != ALL).map(|(_, id)| id.as_str()).collect()
}

/// The contents that were accepted, or would have been but for a verdict.
fn good(decided: &DecidedCycle) -> usize {
    let contents: BTreeSet<_> = decided
        .submissions
        .iter()
        .filter(|one| one.status == Status::Accepted)
        .map(|one| (one.platform, &one.content_id))
        .collect();
    contents.len()
}

fn switch_checks(config: &mut Config, mode: CheckMode) {
    (config.verifier.ai, config.verifier.illicit, config.verifier.topic) = (mode, mode, mode);
}

#[test]
fn two_validators_with_the_same_keys_and_blocks_ask_about_the_same_contents() {
    assert_eq!(OTHER_VALIDATORS, 2, "there are others to be");
    let town = Town::start();
    let [first, other, third] = [0, 1, 2].map(|place| {
        let mut config = town.config(VALIDATOR_UID + place);
        config.verifier.sample_share = 0.4;
        config
    });
    // One of them has been at work before, with nothing to verify: its store knows the contents and an earlier cycle.
    let mut earlier = other.clone();
    switch_checks(&mut earlier, CheckMode::Off);
    let (before, asked) = town.asked_by(&earlier);
    assert_eq!((before.cycle, asked.len()), (1, 0));
    town.sandbox().advance_to(town.sandbox().block() + 40);

    let (decided, asked) = town.asked_by(&first);
    let (decided_too, asked_too) = town.asked_by(&other);
    assert_eq!((decided.cycle, decided_too.cycle), (1, 2));
    assert_eq!(decided.evidence.at, decided_too.evidence.at);
    assert_eq!(asked, asked_too, "each server, about each item, as often");
    let (sample, all) = (ids(&asked, Provider::Webhook), good(&decided));
    assert!(sample.len() * 10 > all && sample.len() * 3 < all * 2, "{} of {all}", sample.len());
    assert!(asked[&(Provider::Openai, ALL.to_owned())] > 0 && !ids(&asked, Provider::Sightengine).is_empty());

    // Another block is another sample.
    town.sandbox().advance_to(town.sandbox().block() + 40);
    let (_, asked_later) = town.asked_by(&third);
    assert_ne!(ids(&asked_later, Provider::Webhook), sample);
}

#[test]
fn two_validators_whose_budgets_are_too_small_spend_them_on_the_same_contents() {
    const BUDGET: u64 = 9;
    let town = Town::start();
    let asked = [0, 1].map(|place| {
        let mut config = town.config(VALIDATOR_UID + place);
        config.verifier.illicit = CheckMode::Off;
        config.verifier.topic = CheckMode::Off;
        config.secrets.sightengine_api_secret = None;
        config.webhook.daily_requests = BUDGET;
        let (decided, asked) = town.asked_by(&config);
        assert!(decided.submissions.len() as u64 > 3 * BUDGET);
        let is_awaited = |one: &&Judged| one.reason == Some(Reason::AwaitingVerdict);
        assert!(decided.submissions.iter().any(|one| is_awaited(&one)), "what nobody paid for is no pass");
        asked
    });
    assert_eq!(asked[0], asked[1]);
    assert_eq!(ids(&asked[0], Provider::Webhook).len() as u64, BUDGET);
}

/// The result of a video.
fn outcome(decided: &DecidedCycle, video: &str) -> (Status, Option<Reason>) {
    let judged = decided.submissions.iter().find(|judged| judged.content_id == video).expect("a submission");
    assert_eq!(judged.score.is_some(), judged.status == Status::Accepted);
    (judged.status, judged.reason)
}

const WARNING: &str = "no detector is configured for this check";

#[test]
fn youtubes_own_labels_reach_a_verdict_and_checks_without_a_key_are_warned_of() {
    let town = Town::start();
    let mut config = town.config(VALIDATOR_UID);
    switch_checks(&mut config, CheckMode::Off);
    let decided = Town::decide(&config);
    let accepted = |one: &&Judged| one.platform == Some(Platform::YOUTUBE) && one.status == Status::Accepted;
    let mut videos: Vec<String> =
        decided.submissions.iter().filter(accepted).map(|one| one.content_id.clone()).collect();
    videos.sort_unstable();
    let [restricted, refused, declared, filmed, plain] = &videos[..5] else { panic!("five videos") };
    town.edit(restricted, |video| video.age_restricted = true);
    town.edit(refused, |video| video.upload_rejected = true);
    for (video, is_declared) in [(declared, true), (filmed, false)] {
        town.edit(video, |video| (video.is_ai, video.declared_synthetic) = (false, is_declared));
    }
    town.edit(plain, |video| video.declared_synthetic = false);

    // With a detector for two of the checks.
    let mut with_webhook = config.clone();
    with_webhook.store.url = format!("sqlite://{}", town.folder.path().join("with-webhook.db").display());
    (with_webhook.verifier.ai, with_webhook.verifier.illicit) = (CheckMode::Enforce, CheckMode::Enforce);
    let logs = Logs::capture();
    let (decided, asked) = town.asked_by(&with_webhook);
    assert_eq!(logs.lines(&[WARNING]), Vec::<String>::new());
    drop(logs);
    let illicit = (Status::Rejected, Some(Reason::IllicitContent));
    assert_eq!(outcome(&decided, restricted), illicit, "YouTube shows it to adults only");
    assert_eq!(outcome(&decided, refused), illicit, "YouTube refused the upload");
    assert_eq!(outcome(&decided, declared), (Status::Accepted, None), "who declares it need not prove it");
    assert_eq!(outcome(&decided, filmed), (Status::Rejected, Some(Reason::NotAiGenerated)), "silence proves nothing");
    assert_eq!(outcome(&decided, plain), (Status::Accepted, None));
    let times = |video: &String| asked.get(&(Provider::Webhook, video.clone())).copied().unwrap_or_default();
    assert_eq!([times(declared), times(filmed)], [1, 2], "what YouTube settles needs no question");

    // Without any detector YouTube's word is all there is, and the log names what is not checked.
    let mut alone = config;
    let by_default = Config::default().verifier;
    (alone.verifier.ai, alone.verifier.illicit) = (by_default.ai, by_default.illicit);
    alone.verifier.topic = CheckMode::Observe;
    alone.store.url = format!("sqlite://{}", town.folder.path().join("alone.db").display());
    (alone.secrets.sightengine_api_secret, alone.secrets.openai_api_key, alone.webhook.url) = (None, None, None);
    let logs = Logs::capture();
    let (decided, asked) = town.asked_by(&alone);
    for check in ["ai", "illicit", "topic"] {
        let decides =
            if check == "topic" { "nothing is checked" } else { "the platform's own signals alone decide it" };
        let warned = logs.lines(&["WARN", WARNING, decides, &format!("check={check}")]);
        assert_eq!(warned.len(), 1, "{check}: {:?}", logs.lines(&[WARNING]));
    }
    drop(logs);
    assert_eq!(asked, Asked::new());
    assert_eq!([outcome(&decided, restricted), outcome(&decided, refused)], [illicit; 2]);
    for video in [declared, filmed, plain] {
        assert_eq!(outcome(&decided, video), (Status::Accepted, None), "nothing is awaited of nobody");
    }
    assert!(
        decided.submissions.iter().all(|one| one.reason != Some(Reason::AwaitingVerdict)),
        "of no submission at all"
    );
}
