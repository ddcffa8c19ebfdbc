//! Ids that mean another one, and ids that mean something to a database, a page, a terminal or an address.

use crate::subnet::{FIRST, Subnet, by, check_others_unharmed, honest, list, listed, run, weight, without_tags};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::verdict::{Reason, Status};
use tensorflix_sandbox::world::INVALID_IDS;

/// Lists the same pairs for the first miner, with each id written otherwise.
fn list_otherwise(pairs: &[Judged], forms: &[String]) -> String {
    let pairs: Vec<[&str; 2]> =
        pairs.iter().zip(forms).map(|(judged, form)| [judged.task_id.as_str(), form.as_str()]).collect();
    serde_json::json!({ "submissions": pairs }).to_string()
}

/// The first video of the last miner, and the cycle without any attack.
async fn victim() -> (Judged, DecidedCycle) {
    let mut subnet = Subnet::start(honest(4), |sandbox, config| {
        without_tags(config);
        list(sandbox, FIRST, r#"{"submissions": []}"#);
    })
    .await;
    let cycle = subnet.cycle().await;
    let is_video = |judged: &&Judged| judged.platform == Some(Platform::YOUTUBE) && judged.score > Some(0.0);
    let video = by(&cycle, FIRST + 3).into_iter().find(is_video).expect("a video").clone();
    (video, cycle)
}

/// Where only claims decide, the same video under another name would be another claim: it must not be the same video.
#[test]
fn another_way_to_write_an_id_is_no_submission_of_that_video() {
    run(async {
        let (video, twin) = victim().await;
        let id = &video.content_id;
        let swapped: String =
            id.chars()
                .map(|letter| {
                    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
                })
                .collect();
        let alias = |letter: char, like: char| id.replace(letter, &like.to_string());
        let forms: Vec<String> = [
            format!("https://www.youtube.com/watch?v={id}"),
            format!("https://youtu.be/{id}"),
            format!("youtube.com/shorts/{id}"),
            format!("watch?v={id}"),
            format!("{id}&t=1"),
            format!("{id} "),
            format!(" {id}"),
            format!("{id}\n"),
            format!("{id}\u{200b}"),
            format!("%{:02x}{}", id.as_bytes()[0], &id[1..]),
            swapped,
            alias(id.chars().next().expect("a letter"), '\u{ff21}'),
            id.chars().map(|letter| char::from_u32(u32::from(letter) + 0xfee0).unwrap_or(letter)).collect(),
        ]
        .into();
        let document = list_otherwise(&vec![video.clone(); forms.len()], &forms);
        let mut subnet = Subnet::start(honest(4), |sandbox, config| {
            without_tags(config);
            // Whatever gets through would count.
            config.rules.max_per_miner_and_task = 50;
            list(sandbox, FIRST, &document);
        })
        .await;
        let cycle = subnet.cycle().await;
        assert_eq!(by(&cycle, FIRST).len(), forms.len());
        for judged in by(&cycle, FIRST) {
            let is_refused = matches!(judged.reason, Some(Reason::InvalidContentId | Reason::NoVideoData));
            assert!(is_refused && judged.status == Status::Rejected, "{judged:?}");
        }
        assert!(weight(&cycle, FIRST) == 0.0);
        check_others_unharmed(&cycle, &twin, &[FIRST]);
        assert_eq!(cycle.scores, twin.scores);
    });
}

#[test]
fn an_id_that_is_no_id_reaches_no_platform_and_no_statement() {
    run(async {
        let (video, twin) = victim().await;
        let hostile: Vec<String> = INVALID_IDS
            .iter()
            .map(|id| (*id).to_owned())
            .chain(
                [
                    "x'); DROP TABLE claims; DELETE FROM gists; --",
                    "\"; ATTACH DATABASE '/tmp/x' AS x; --",
                    "..%2f..%2fetc%2fpasswd",
                    "a,b,c,d,e,f",
                    "x\r\nHost: evil",
                    "%00",
                    "${jndi:ldap://127.0.0.1:1/x}",
                    "{{7*7}}",
                    "=HYPERLINK(\"http://127.0.0.1:1\")",
                    "\u{202e}gnp",
                ]
                .map(str::to_owned),
            )
            .collect();
        let count = hostile.len();
        // In the place of the task as well as in that of the content.
        let tasks: Vec<[&str; 2]> = hostile.iter().map(|id| [id.as_str(), video.content_id.as_str()]).collect();
        let ids: Vec<[&str; 2]> = hostile.iter().map(|id| [video.task_id.as_str(), id.as_str()]).collect();
        let pairs = [tasks, ids].concat();
        let document = serde_json::json!({ "submissions": pairs }).to_string();
        let mut subnet = Subnet::start(honest(4), |sandbox, config| {
            without_tags(config);
            list(sandbox, FIRST, &document);
        })
        .await;
        let cycle = subnet.cycle().await;
        let judged = by(&cycle, FIRST);
        assert_eq!(judged.len(), 2 * count);
        for (place, judged) in judged.iter().enumerate() {
            let reason = if place < count { Reason::UnknownTask } else { Reason::InvalidContentId };
            assert_eq!((judged.status, judged.reason), (Status::Rejected, Some(reason)), "{judged:?}");
        }
        check_others_unharmed(&cycle, &twin, &[FIRST]);
        let platforms = subnet.sandbox.counters().platforms;
        let mut asked = platforms.youtube.by_id.keys().chain(platforms.apify.by_id.keys());
        assert!(asked.all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))));
        // The store is whole: the same gist is judged alike a day later, and honest claims still stand.
        assert!(listed(&subnet.sandbox, FIRST).contains("DROP TABLE"));
        let second = subnet.next_cycle().await;
        assert_eq!(by(&second, FIRST).len(), 2 * count);
        assert!(by(&second, FIRST + 3).iter().any(|judged| judged.status == Status::Accepted));
    });
}
