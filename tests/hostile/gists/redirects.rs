//! Answers that would lead the validator to another server: it asks the configured hosts and nobody else.

use crate::subnet::{FIRST, Subnet, check_others_unharmed, errors_of, honest, list, listed, member, run, weight};
use std::net::{TcpListener, TcpStream};
use tensorflix::config::Config;
use tensorflix_domain::ids::Uid;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::{GITHUB_TOKEN, Sandbox};

/// A server on loopback that nobody should come to.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).expect("a port"))
    }

    fn address(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("bound"))
    }

    /// Connections wait in the order in which they were made: if the first one is our own, there was none before.
    #[track_caller]
    fn check_nobody_came(&self) {
        let own = TcpStream::connect(self.0.local_addr().expect("bound")).expect("connected");
        let (_, first) = self.0.accept().expect("a connection");
        assert_eq!(first, own.local_addr().expect("connected"), "somebody else came before");
    }
}

/// Not the second honest miner: its pinned revision is read from the API.
const ATTACKER: Uid = FIRST + 2;

fn within_seconds(config: &mut Config) {
    // A connection to the trap is never answered.
    config.github.timeout_secs = 2;
}

#[test]
fn a_redirect_of_a_gist_to_another_server_is_not_followed() {
    run(async {
        let trap = Trap::set();
        // An empty gist: a gist that cannot be read has the same effect.
        let nothing = |sandbox: &Sandbox| drop(list(sandbox, ATTACKER, r#"{"submissions": []}"#));
        for token in [None, Some(GITHUB_TOKEN)] {
            let prepare = |config: &mut Config| {
                within_seconds(config);
                config.secrets.github_token = token.map(|token| token.to_owned().into());
            };
            let mut twin = Subnet::start(honest(4), |sandbox, config| {
                prepare(config);
                nothing(sandbox);
            })
            .await;
            let mut subnet = Subnet::start(honest(4), |sandbox, config| {
                prepare(config);
                let gist_id = member(sandbox, ATTACKER).gist_id;
                let elsewhere = || FaultRule::new(Fault::Redirect(format!("{}/x", trap.address()))).for_id(&gist_id);
                sandbox.faults().github_raw.inject(elsewhere());
                sandbox.faults().github_api.inject(elsewhere());
            })
            .await;
            let (cycle, honest) = (subnet.cycle().await, twin.cycle().await);
            trap.check_nobody_came();
            assert!(!errors_of(&cycle, ATTACKER).is_empty(), "it is reported");
            assert!(weight(&cycle, ATTACKER) == 0.0);
            check_others_unharmed(&cycle, &honest, &[ATTACKER]);
            assert_eq!(cycle.scores, honest.scores);
        }
    });
}

/// A platform's redirect would take the key with it.
#[test]
fn a_redirect_of_a_platform_to_another_server_is_not_followed() {
    run(async {
        let trap = Trap::set();
        let mut subnet = Subnet::start(honest(3), |sandbox, config| {
            config.platforms.set("youtube", "timeout_secs", 2);
            config.platforms.set("instagram", "timeout_secs", 2);
            let elsewhere = || FaultRule::new(Fault::Redirect(format!("{}/x", trap.address())));
            sandbox.faults().youtube.inject(elsewhere());
            sandbox.faults().apify.inject(elsewhere());
        })
        .await;
        let cycle = subnet.cycle().await;
        trap.check_nobody_came();
        assert!(cycle.scores.is_empty(), "nothing was seen");
        assert!(cycle.submissions.iter().all(|judged| judged.score.is_none()));
    });
}

/// Addresses in what a miner writes, and in what GitHub answers about its gist, are data.
#[test]
fn an_address_that_a_gist_or_an_answer_contains_is_never_asked() {
    run(async {
        let trap = Trap::set();
        let with_token = |config: &mut Config| {
            within_seconds(config);
            config.secrets.github_token = Some(GITHUB_TOKEN.to_owned().into());
        };
        let mut twin = Subnet::start(honest(5), |_, config| with_token(config)).await;
        let address = trap.address();
        let mut subnet = Subnet::start(honest(5), |sandbox, config| {
            with_token(config);
            let ids = serde_json::json!({
                "submissions": [[address, address], ["task", format!("{address}/watch?v=x")]],
                "raw_url": address, "url": address,
            });
            list(sandbox, ATTACKER, &ids.to_string());
            // A file that is said to be cut, with another address for the rest of it.
            let owner = member(sandbox, ATTACKER + 1);
            let answer = serde_json::json!({
                "id": owner.gist_id, "url": address, "git_pull_url": address, "html_url": address, "public": true,
                "owner": {"login": owner.username, "id": owner.github_id, "url": address},
                "updated_at": "2026-01-01T00:00:00Z", "truncated": true,
                "files": {"a.json": {"filename": "a.json", "raw_url": address, "size": 10, "truncated": true,
                    "content": listed(sandbox, ATTACKER + 1)}},
            });
            let rule = FaultRule::new(Fault::Body(answer.to_string())).for_id(&owner.gist_id);
            sandbox.faults().github_api.inject(rule);
        })
        .await;
        let (cycle, honest) = (subnet.cycle().await, twin.cycle().await);
        trap.check_nobody_came();
        assert!(!errors_of(&cycle, ATTACKER + 1).is_empty(), "a gist that is cut cannot be read");
        assert!(weight(&cycle, ATTACKER) == 0.0 && weight(&cycle, ATTACKER + 1) == 0.0);
        check_others_unharmed(&cycle, &honest, &[ATTACKER, ATTACKER + 1]);
    });
}
