//! What cannot be read of one item costs that item and no other, whatever is wrong with it.

use serde_json::json;
use std::time::Duration;
use tensorflix_actors::gist_fetcher::github::{GitHub, GitHubSettings};
use tensorflix_actors::platforms::ContentsObserved;
use tensorflix_actors::stats::ActorStats;
use tensorflix_domain::gist_record::GistOutcome;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::verdict::Reason;
use tensorflix_testkit::gists::{pointer, reel, video};
use tensorflix_testkit::observing::{Observing, Settings};
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::instagram::{RUNS, Reels, reels};
use tensorflix_testkit::scripted_services::poisons::poisons;
use tensorflix_testkit::scripted_services::youtube::{PATH, STATS, Videos, start_with_both_methods, videos};
use tensorflix_testkit::time::simulate;
use tensorflix_testkit::world::{UNLIMITED, World};

/// Members that are odd and can be read all the same.
fn oddities() -> Vec<Vec<u8>> {
    let odd: [&[u8]; 4] = [
        b"\"x\": \"\xff\xfe \xc3\"",
        b"\"x\": 1, \"x\": 2",
        b"\"statistics\": {}, \"shortCode\": 5, \"x\": {\"\xff\": 1}",
        b"\"x\": 123456789012345678901234567890",
    ];
    odd.map(<[u8]>::to_vec).to_vec()
}

/// A list of items for some numbers, with a member at the end of item `spoilt`.
fn list(count: u32, spoilt: u32, poison: &[u8], item: impl Fn(u32) -> String) -> Vec<u8> {
    let mut list = b"[".to_vec();
    for number in 0..count {
        let item = item(number);
        let open = item.strip_suffix('}').expect("an object");
        list.extend(if number > 0 { &b", "[..] } else { b"" });
        list.extend(open.as_bytes());
        if number == spoilt {
            list.extend([b", ", poison].concat());
        }
        list.push(b'}');
    }
    list.push(b']');
    list
}

fn a_video(number: u32) -> String {
    json!({ "id": video(number).as_str(), "statistics": { "viewCount": "1000" } }).to_string()
}

fn a_reel(number: u32) -> String {
    json!({ "shortCode": reel(number).as_str(), "videoViewCount": 1_000 }).to_string()
}

fn one_short(answer: &ContentsObserved, poison: &[u8]) -> bool {
    let shown = String::from_utf8_lossy(&poison[..poison.len().min(40)]).into_owned();
    let reasons: Vec<Reason> = answer.shortfalls.values().copied().collect();
    assert_eq!(reasons, [Reason::PlatformUnavailable], "{shown}: {:?}", answer.errors);
    true
}

#[test]
fn a_video_that_cannot_be_read_costs_itself_and_those_left_out_are_still_absent() {
    for poison in poisons() {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let items = list(40, 7, &poison, a_video);
            youtube.world.http.get(PATH, [Reply::new(200, [b"{\"items\": ", &items[..], b"}"].concat())]);
            // One more is asked for than the answer shows.
            let answer = youtube.observe(&videos(0..41)).await;
            assert!(one_short(&answer, &poison) && answer.shortfalls.contains_key(&video(7)));
            assert_eq!(answer.observed_count, 40);
            assert_eq!(youtube.observations(&[video(40)])[0].sighting, Sighting::Absent);
            assert_eq!(youtube.observations(&[video(7)]), [], "unknown is neither zero nor absence");
        });
    }
}

#[test]
fn numbers_of_a_video_that_cannot_be_read_cost_that_video_alone() {
    for poison in poisons() {
        simulate(async move {
            let youtube = start_with_both_methods(&Settings::default());
            youtube.observe_at(&videos(0..40), 100, tensorflix_testkit::subnets::stamp(100)).await;
            let items = list(40, 7, &poison, a_video);
            youtube.world.http.get(STATS, [Reply::new(200, [b"{\"items\": ", &items[..], b"}"].concat())]);
            let answer = youtube.observe_at(&videos(0..40), 110, tensorflix_testkit::subnets::stamp(110)).await;
            assert_eq!(
                (answer.observed_count, answer.shortfalls.len()),
                (40, 0),
                "the one is asked for with everything"
            );
            let paths = [PATH, STATS].map(|path| youtube.world.http.requests_for(path).len());
            assert_eq!(paths, [2, 1]);
            let asked = &youtube.world.http.requests_for(PATH)[1].query["id"];
            assert_eq!(asked, video(7).as_str(), "and no other");
        });
    }
}

#[test]
fn a_reel_that_cannot_be_read_costs_itself_alone() {
    for poison in poisons() {
        simulate(async move {
            let instagram = Observing::<Reels>::start(&Settings::default());
            serve_items(&instagram, list(40, 7, &poison, a_reel));
            let answer = instagram.observe(&reels(0..40)).await;
            assert!(one_short(&answer, &poison) && answer.shortfalls.contains_key(&reel(7)));
            assert_eq!(answer.observed_count, 39);
        });
    }
}

fn serve_items(instagram: &Observing<Reels>, items: Vec<u8>) {
    let run = json!({ "data": { "id": "run0", "status": "SUCCEEDED", "defaultDatasetId": "set0" } });
    instagram.world.http.post(RUNS, [Reply::new(201, run.to_string())]);
    instagram.world.http.get("/v2/datasets/set0/items", [Reply::new(200, items)]);
}

#[test]
fn what_is_odd_and_can_be_read_costs_nothing() {
    for odd in oddities() {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let items = list(3, 1, &odd, a_video);
            youtube.world.http.get(PATH, [Reply::new(200, [b"{\"items\": ", &items[..], b"}"].concat())]);
            let answer = youtube.observe(&videos(0..3)).await;
            assert_eq!(answer.observed_count, 3, "{}: {:?}", String::from_utf8_lossy(&odd), answer.errors);
        });
    }
}

#[test]
fn what_cannot_be_read_beside_the_items_costs_none_of_them() {
    for poison in poisons() {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let items = list(3, 9, b"", a_video);
            let body = [b"{", &poison[..], b", \"items\": ", &items, b"}"].concat();
            youtube.world.http.get(PATH, [Reply::new(200, body)]);
            assert_eq!(youtube.observe(&videos(0..3)).await.observed_count, 3);
        });
    }
}

#[test]
fn an_item_of_which_nobody_can_tell_whose_it_is_makes_what_is_left_out_unknown() {
    for stray in [&b"{\"id\": \"\xff0000000000\"}"[..], b"{\"id\": 1e999}", b"\"\\ud800\"", b"1e999"] {
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            let body = [b"{\"items\": [", a_video(0).as_bytes(), b", ", stray, b"]}"].concat();
            youtube.world.http.get(PATH, [Reply::new(200, body)]);
            let answer = youtube.observe(&videos(0..2)).await;
            assert_eq!((answer.observed_count, answer.shortfalls.len()), (1, 1));
            assert_eq!(youtube.observations(&[video(1)]), []);
        });
    }
}

#[test]
fn of_an_answer_as_large_as_is_read_only_what_was_asked_for_is_kept() {
    let strangers = (0..300_000).map(|number| format!("{{\"id\":\"w{number:010}\"}}")).collect::<Vec<_>>().join(",");
    let body = format!("{{\"items\": [{strangers}, {}]}}", a_video(1)).into_bytes();
    assert!(body.len() > 6 << 20);
    simulate(async move {
        let youtube = Observing::<Videos>::start(&Settings::default());
        youtube.world.http.get(PATH, [Reply::new(200, body)]);
        let answer = youtube.observe(&videos(1..2)).await;
        assert_eq!((answer.observed_count, answer.shortfalls.len()), (1, 0));
    });
}

#[test]
fn a_document_that_was_cut_makes_nothing_absent_wherever_it_was_cut() {
    let whole = [b"{\"items\": ".to_vec(), list(3, 9, b"", a_video), b"}".to_vec()].concat();
    for length in 0..whole.len() {
        let cut = whole[..length].to_vec();
        simulate(async move {
            let youtube = Observing::<Videos>::start(&Settings::default());
            youtube.world.http.get(PATH, [Reply::new(200, cut)]);
            youtube.observe(&videos(0..5)).await;
            let seen = youtube.observations(&videos(0..5));
            assert!(seen.iter().all(|seen| seen.sighting.is_present()), "cut at {length}");
        });
    }
}

#[test]
fn what_cannot_be_read_beside_a_gists_content_does_not_cost_it() {
    let file = json!({ "content": "{\"submissions\": []}", "truncated": false }).to_string();
    let owner = json!({ "login": "alice", "id": 7 }).to_string();
    for poison in poisons() {
        let beside = [
            // A file that comes later by name, and is none of the gist's content.
            [b"\"files\": {\"a.json\": ", file.as_bytes(), b", \"z.bin\": {", &poison, b"}}"].concat(),
            [b"\"files\": {\"z.bin\": {", &poison[..], b"}, \"a.json\": ", file.as_bytes(), b"}"].concat(),
            [b"\"files\": {\"a.json\": ", file.as_bytes(), b"}, \"history\": [{", &poison, b"}]"].concat(),
            [b"\"files\": {\"a.json\": ", file.as_bytes(), b"}, ", &poison[..]].concat(),
            [b"\"files\": {\"a.json\": ", file.as_bytes(), b"}, \"updated_at\": {", &poison, b"}"].concat(),
        ];
        for members in beside {
            let body = [b"{\"public\": true, \"owner\": ", owner.as_bytes(), b", ", &members, b"}"].concat();
            simulate(async move {
                let world = World::new();
                world.http.get("*", [Reply::new(200, body)]);
                let github = GitHub::new(
                    GitHubSettings {
                        api_url: "https://api.github.test".parse().expect("a URL"),
                        raw_url: "https://raw.github.test".parse().expect("a URL"),
                        token: Some("token".into()),
                        deadline: Duration::from_secs(15),
                        max_gist_bytes: 262_144,
                    },
                    world.outbound(UNLIMITED, &ActorStats::new("github")),
                    world.clock(),
                );
                let reading = github.gist(&pointer("alice", 1), None).await;
                match reading.outcome {
                    GistOutcome::Fetched { document, .. } => assert_eq!(document, b"{\"submissions\": []}"),
                    other => panic!("{other:?}: {}", String::from_utf8_lossy(&members[..members.len().min(200)])),
                }
            });
        }
    }
}
