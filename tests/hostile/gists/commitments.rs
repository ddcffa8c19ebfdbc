//! A miner that commits on chain many times.

use crate::subnet::{FIRST, Subnet, a_cycle_each_round, by, check_others_unharmed, errors_of, honest, run, weight};
use tensorflix::wiring::slot_blocks;
use tensorflix_domain::ids::Uid;
use tensorflix_sandbox::world::{Gist, GistFile, Member, SUBMISSION_FILE};

/// Commitments in one round: the chain itself allows about thirty in each of its epochs.
const COMMITMENTS: u32 = 6;
const ROUNDS: u64 = 5;

/// The gist ids that a miner goes through, in one round.
fn gist_id(round: u64, number: u32) -> String {
    format!("{round:016x}{number:016x}")
}

/// A new commitment in each block, to gists that exist and to ones that do not, to have the validator run after them.
#[test]
fn of_many_commitments_the_newest_counts_and_one_gist_is_asked_for_in_a_round() {
    run(async {
        let mut twin = Subnet::start(honest(5), |_, config| a_cycle_each_round(config)).await;
        let mut subnet = Subnet::start(honest(5), |_, config| a_cycle_each_round(config)).await;
        let (first, _) = (subnet.cycle().await, twin.cycle().await);
        let attacker = subnet.member(FIRST);
        let document = crate::subnet::listed(&subnet.sandbox, FIRST);
        let gists = subnet.raw_requests().by_id.len() as u64;
        for round in 1..=ROUNDS {
            for world in [&subnet, &twin] {
                // The blocks just before the round, so that its own first block is the next one.
                let slot = slot_blocks(&world.config);
                let next = (world.sandbox.block() / slot + 1) * slot;
                world.sandbox.advance_to(next - COMMITMENTS - 1);
            }
            for number in 0..COMMITMENTS {
                let id = gist_id(round, number);
                if number % 2 == 1 {
                    subnet.sandbox.world().add_gist(gist_of(&attacker, &id, subnet.sandbox.block(), &document));
                }
                let text = format!("{}:{id}", attacker.username);
                let node = subnet.sandbox.node();
                node.set_commitment_directly(&attacker.hotkey.public(), text.as_bytes()).expect("within the limit");
            }
            let (cycle, honest) = (subnet.next_cycle().await, twin.next_cycle().await);
            check_others_unharmed(&cycle, &honest, &[FIRST]);
            assert_eq!(errors_of(&cycle, FIRST), [""; 0], "the newest is a good one");
            assert_eq!(weight(&cycle, FIRST).to_bits(), weight(&honest, FIRST).to_bits());
            assert_eq!(by(&cycle, FIRST).len(), by(&first, FIRST).len());

            let asked = subnet.raw_requests();
            assert_eq!(asked.requests, gists * (round + 1), "one request for each miner's gist in a round");
            for number in 0..COMMITMENTS {
                let times = asked.by_id.get(&gist_id(round, number)).copied().unwrap_or_default();
                assert_eq!(times, u64::from(number == COMMITMENTS - 1), "commitment {number} of round {round}");
            }
        }
    });
}

fn gist_of(owner: &Member, id: &str, block: u32, document: &str) -> Gist {
    let files = vec![GistFile::new(SUBMISSION_FILE, document)];
    Gist::new(id.to_owned(), owner.username.clone(), owner.github_id, "another one", block, files)
}

/// Texts that are no pointer, among them a way out of the address: reported, and nobody else notices.
#[test]
fn a_commitment_that_is_no_pointer_is_reported_and_asked_of_nobody() {
    run(async {
        let texts: [&[u8]; 6] =
            [b"https://127.0.0.1:1/x", b"user:../../x", b"user@evil:0123abcd", b"user:0123?x=", b"\xff\xfe", b""];
        let attackers: Vec<Uid> = (FIRST..).take(texts.len()).collect();
        let miners = texts.len() as u32 + 3;
        let quiet = |sandbox: &tensorflix_sandbox::Sandbox, texts: &[&[u8]]| {
            for (uid, text) in attackers.iter().zip(texts) {
                let hotkey = crate::subnet::member(sandbox, *uid).hotkey.public();
                sandbox.node().set_commitment_directly(&hotkey, text).expect("committed");
            }
        };
        let nowhere: Vec<&[u8]> = vec![b"nobody:0123abcd"; texts.len()];
        let mut twin = Subnet::start(honest(miners), |sandbox, _| quiet(sandbox, &nowhere)).await;
        let mut subnet = Subnet::start(honest(miners), |sandbox, _| quiet(sandbox, &texts)).await;
        let (cycle, honest) = (subnet.cycle().await, twin.cycle().await);
        check_others_unharmed(&cycle, &honest, &attackers);
        for uid in attackers {
            assert_eq!(errors_of(&cycle, uid).len(), 1, "UID {uid}");
            assert!(weight(&cycle, uid) == 0.0);
        }
        assert_eq!(subnet.raw_requests().requests + 1, twin.raw_requests().requests, "the one gist of nobody");
    });
}
