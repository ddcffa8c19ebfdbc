//! Gists made to break their reader, and servers with answers that never end.

use crate::subnet::{FIRST, Subnet, check_others_unharmed, errors_of, honest, listed, member, raw_scores, run, weight};
use tensorflix_domain::ids::Uid;
use tensorflix_domain::submission::MAX_PAIRS;
use tensorflix_sandbox::platforms::faults::{Fault, FaultRule};
use tensorflix_sandbox::world::{GistFile, SUBMISSION_FILE};

/// What a poisoned gist may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    /// Nothing of it counts.
    Everything,
    /// What is good in it counts as ever.
    OnlyThePoison,
}

/// Files that a miner puts in the place of its gist's only one, which says `good`.
type Poison = fn(good: &str) -> Vec<GistFile>;

const POISONS: [(&str, Cost, Poison); 14] = [
    ("cut short", Cost::Everything, |good| only(&good[..good.len() - 2])),
    ("nested without end", Cost::Everything, |_| only(&format!("{{\"submissions\": {}", "[".repeat(100_000)))),
    ("larger than is read", Cost::Everything, |good| only(&format!("{good}{}", " ".repeat(300_000)))),
    ("a key twice", Cost::Everything, |good| only(&good.replacen('{', "{\"submissions\": [], ", 1))),
    ("a key twice, once escaped", Cost::Everything, |good| {
        only(&good.replacen('{', "{\"submission\\u0073\": [], ", 1))
    }),
    ("a raw NUL", Cost::Everything, |good| only(&good.replacen('[', "\0[", 1))),
    ("bytes that are not UTF-8", Cost::Everything, |good| {
        vec![GistFile::new(SUBMISSION_FILE, [&b"\xff\xfe"[..], good.as_bytes()].concat())]
    }),
    ("a number instead", Cost::Everything, |_| only(&"9".repeat(200_000))),
    ("nothing but NUL", Cost::Everything, |_| only(&"\0".repeat(200_000))),
    ("a byte order mark", Cost::OnlyThePoison, |good| only(&format!("\u{feff}{good}"))),
    ("prototypes and huge numbers", Cost::OnlyThePoison, |good| {
        only(&good.replacen('{', "{\"__proto__\": {\"submissions\": 1e999}, \"constructor\": -1e-999, ", 1))
    }),
    ("items that are no pairs, one of them deep", Cost::OnlyThePoison, |good| {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        only(&good.replacen('[', &format!("[{deep}, 1e999, null, [[]], {{\"__proto__\": []}}, "), 1))
    }),
    ("more pairs than are read", Cost::OnlyThePoison, |good| {
        let many: String = (0..MAX_PAIRS * 2).map(|number| format!(", [\"{number}\", \"x\"]")).collect();
        only(&good.replacen("]]", &format!("]{many}]"), 1))
    }),
    ("thousands of files", Cost::OnlyThePoison, |good| {
        let more = (0..2_000).map(|number| GistFile::new(&format!("z{number}.json"), "{\"submissions\": 7}"));
        only(good).into_iter().chain(more).collect()
    }),
];

fn only(document: &str) -> Vec<GistFile> {
    vec![GistFile::new(SUBMISSION_FILE, document)]
}

#[test]
fn a_poisoned_gist_costs_only_itself_and_no_bit_of_other_miners_raw_scores() {
    run(async {
        let attackers: Vec<Uid> = (FIRST..).take(POISONS.len()).collect();
        // All others are after them, the pinning miner too.
        let miners = POISONS.len() as u32 + 4;
        let unpinned = |sandbox: &tensorflix_sandbox::Sandbox| {
            let pinning = member(sandbox, FIRST + 1);
            let pointer = format!("{}:{}", pinning.username, pinning.gist_id);
            sandbox.node().set_commitment_directly(&pinning.hotkey.public(), pointer.as_bytes()).expect("committed");
        };
        let mut twin = Subnet::start(honest(miners), |sandbox, _| unpinned(sandbox)).await;
        let mut subnet = Subnet::start(honest(miners), |sandbox, _| {
            unpinned(sandbox);
            for (uid, (_, _, poison)) in attackers.iter().zip(POISONS) {
                let files = poison(&listed(sandbox, *uid));
                sandbox.world().edit_gist_files(&member(sandbox, *uid).gist_id, files).expect("a gist");
            }
        })
        .await;
        let (cycle, honest) = (subnet.cycle().await, twin.cycle().await);
        check_others_unharmed(&cycle, &honest, &attackers);
        for (uid, (poison, cost, _)) in attackers.iter().zip(POISONS) {
            let errors = errors_of(&cycle, *uid);
            assert!(!errors.is_empty() || poison == "thousands of files" || poison.starts_with("proto"), "{poison}");
            assert!(errors.iter().all(|error| error.len() < 400 && !error.contains('\0')), "{poison}: {errors:?}");
            match cost {
                Cost::Everything => assert!(weight(&cycle, *uid) == 0.0, "{poison}"),
                Cost::OnlyThePoison => {
                    let found = raw_scores(&cycle, |other| other == *uid);
                    let expected = raw_scores(&honest, |other| other == *uid);
                    assert!(expected.iter().all(|(key, score)| found.get(key) == Some(score)), "{poison}: {found:?}");
                }
            }
        }
        // Nothing of it breaks the next cycle either.
        assert!(!subnet.next_cycle().await.scores.is_empty());
    });
}

#[test]
fn a_gist_that_never_ends_or_never_comes_costs_only_its_miner() {
    run(async {
        // What is reported of each.
        let faults = [
            (Fault::EndlessBody, "larger than"),
            (Fault::SlowDrip { piece_bytes: 1, pause: std::time::Duration::from_millis(100) }, "5s"),
            (Fault::Hang, "5s"),
            (Fault::CutBody, "the connection failed"),
            (Fault::Reset, "the connection failed"),
            (Fault::Html, "a web page"),
        ];
        let attackers: Vec<Uid> = (FIRST + 2..).take(faults.len()).collect();
        let miners = faults.len() as u32 + 4;
        let mut twin = Subnet::start(honest(miners), |_, _| ()).await;
        let mut subnet = Subnet::start(honest(miners), |sandbox, config| {
            config.github.timeout_secs = 5;
            for (uid, (fault, _)) in attackers.iter().zip(&faults) {
                let rule = FaultRule::new(fault.clone()).for_id(&member(sandbox, *uid).gist_id);
                sandbox.faults().github_raw.inject(rule);
            }
        })
        .await;
        let (cycle, honest) = (subnet.cycle().await, twin.cycle().await);
        check_others_unharmed(&cycle, &honest, &attackers);
        for (uid, (fault, piece)) in attackers.into_iter().zip(faults) {
            let errors = errors_of(&cycle, uid);
            assert!(errors.iter().any(|error| error.contains(piece)), "{fault:?}: {errors:?}");
            assert!(weight(&cycle, uid) == 0.0);
        }
    });
}
