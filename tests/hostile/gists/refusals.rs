//! Gists that GitHub refuses, and a GitHub that refuses us: each costs what it is about, and no more.

use crate::subnet::{
    FIRST, Subnet, a_cycle_each_round, by, check_others_unharmed, errors_of, honest, member, run, weight,
};
use tensorflix::config::{Config, Overrides};
use tensorflix_actors::gist_fetcher::PINS_PER_ROUND;
use tensorflix_domain::ids::Uid;
use tensorflix_domain::verdict::Status;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::{GITHUB_TOKEN, Sandbox};

const MINERS: u32 = 14;

/// Rounds that are checked.
const ROUNDS: u32 = 4;

/// What was never confirmed waits, so that an owner check that is not made costs its miner everything.
fn required(config: &mut Config) {
    a_cycle_each_round(config);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, config.to_toml()).expect("written");
    let variables = [("TENSORFLIX__RULES__GIST_OWNER".to_owned(), "required".to_owned())];
    let secrets = config.secrets.clone();
    *config = Config::load(Some(&file), variables.into_iter(), Overrides::default()).expect("a setting that is known");
    config.secrets = secrets;
}

fn required_with_token(config: &mut Config) {
    required(config);
    config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
}

fn commit(sandbox: &Sandbox, uid: Uid, text: &str) {
    sandbox.node().set_commitment_directly(&member(sandbox, uid).hotkey.public(), text.as_bytes()).expect("committed");
}

/// A change of the configuration.
type Setting = fn(&mut Config);

/// A gist against GitHub's terms: its miner is the first in line.
#[test]
fn a_blocked_gist_stops_no_owner_check_of_another() {
    run(async {
        let settings: [(Setting, &str); 3] = [(required, "tos"), (required, "dmca"), (required_with_token, "tos")];
        for (setting, reason) in settings {
            let mut twin = Subnet::start(honest(MINERS), |_, config| setting(config)).await;
            let mut subnet = Subnet::start(honest(MINERS), |sandbox, config| {
                setting(config);
                sandbox.platforms().github().block_gist(&member(sandbox, FIRST).gist_id, reason);
            })
            .await;
            let (mut cycle, mut honest) = (subnet.cycle().await, twin.cycle().await);
            for _ in 0..3 {
                check_others_unharmed(&cycle, &honest, &[FIRST]);
                (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            }
            let confirmed = cycle.evidence.miners.iter().filter(|miner| miner.owner_confirmed).count();
            assert_eq!(confirmed, MINERS as usize - 1, "{reason}");
            assert!(weight(&cycle, FIRST) == 0.0 && weight(&honest, FIRST) > 0.0);
            assert!(errors_of(&cycle, FIRST).iter().any(|told| told.contains("blocked")), "{reason}");
        }
    });
}

/// Hotkeys commit revisions that are not there: the same ones, others in every round, those of somebody else's gist, and
/// gists that never were.
#[test]
fn bogus_pins_use_up_no_requests_of_others_and_their_miners_last_good_gists_stand() {
    run(async {
        let attackers: Vec<Uid> = (FIRST + 6..FIRST + 14).collect();
        for attack in 0..4_u32 {
            let mut twin = Subnet::start(honest(MINERS), |_, config| required(config)).await;
            let mut subnet = Subnet::start(honest(MINERS), |_, config| required(config)).await;
            let (first, _) = (subnet.cycle().await, twin.cycle().await);
            for round in 0..ROUNDS {
                for &uid in &attackers {
                    let (own, victim) = (subnet.member(uid), subnet.member(FIRST));
                    let (fixed, fresh) = (u32::from(uid), u32::from(uid) + 1_000 * (round + 1));
                    let text = match attack {
                        0 => format!("{}:{}@{fixed:040x}", own.username, own.gist_id),
                        1 => format!("{}:{}@{fresh:040x}", own.username, own.gist_id),
                        2 => format!("{}:{}@{fresh:040x}", victim.username, victim.gist_id),
                        _ => format!("{}:{fresh:032x}", own.username),
                    };
                    commit(&subnet.sandbox, uid, &text);
                }
                let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
                check_others_unharmed(&cycle, &honest, &attackers);
                for &uid in &attackers {
                    let scored = |judged: &[&tensorflix_domain::judge::Judged]| {
                        judged.iter().filter(|judged| judged.status == Status::Accepted).count()
                    };
                    assert_eq!(scored(&by(&cycle, uid)), scored(&by(&first, uid)), "its last good gist is used");
                    assert!(errors_of(&cycle, uid).iter().any(|told| told.contains("last good copy")));
                }
            }
            // What costs API requests has a share of them, however many ask for it.
            let asked = subnet.sandbox.counters().platforms.github_api.by_route;
            let pins = asked.get("gists.revision").copied().unwrap_or_default();
            assert!(pins <= (PINS_PER_ROUND * (ROUNDS as usize + 1)) as u64, "attack {attack}: {asked:?}");
        }
    });
}

/// The token expires while the validator runs, and before it starts.
#[test]
fn an_expired_token_costs_nobody_anything() {
    run(async {
        for expires_at_start in [true, false] {
            let with_token = |config: &mut Config| {
                a_cycle_each_round(config);
                config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
            };
            let mut twin = Subnet::start(honest(MINERS), |_, config| with_token(config)).await;
            let mut subnet = Subnet::start(honest(MINERS), |sandbox, config| {
                with_token(config);
                if expires_at_start {
                    sandbox.platforms().github().expire_token(GITHUB_TOKEN);
                }
            })
            .await;
            let (mut cycle, mut honest) = (subnet.cycle().await, twin.cycle().await);
            subnet.sandbox.platforms().github().expire_token(GITHUB_TOKEN);
            for _ in 0..2 {
                check_others_unharmed(&cycle, &honest, &[]);
                assert!(cycle.errors.iter().all(|error| error.source != "gist"), "{:?}", cycle.errors);
                (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            }
            check_others_unharmed(&cycle, &honest, &[]);
        }
    });
}

/// GitHub limits the raw address or the API, and does not say for how long.
#[test]
fn a_limit_without_a_header_is_not_answered_by_asking_for_everything_again() {
    const SECONDARY: &str =
        r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;
    run(async {
        for (status, content_type, body) in [
            (429, "text/plain; charset=utf-8", "429: Too Many Requests"),
            (403, "application/json; charset=utf-8", SECONDARY),
            (403, "text/html; charset=utf-8", "<html>You have exceeded a secondary rate limit</html>"),
        ] {
            let mut subnet = Subnet::start(honest(MINERS), |_, config| a_cycle_each_round(config)).await;
            let before = subnet.cycle().await;
            let refusal = || FaultRule::new(Fault::Refusal { status, content_type, body });
            subnet.sandbox.faults().github_raw.inject(refusal());
            subnet.sandbox.faults().github_api.inject(refusal());
            let asked = subnet.raw_requests().requests;
            for _ in 0..3 {
                let cycle = subnet.next_cycle().await;
                let miners = |cycle: &tensorflix_domain::cycle::DecidedCycle| cycle.evidence.miners.len();
                assert_eq!(miners(&cycle), miners(&before), "the last good copies stand");
            }
            let asked = subnet.raw_requests().requests - asked;
            assert!(asked <= subnet.config.github.max_in_flight as u64, "{status} {body}: {asked} requests");
        }
    });
}
