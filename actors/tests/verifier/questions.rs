//! What each detector is shown, and what its answers mean.

use super::{BLOCK, Bench, COVER, DETECTORS, TEXT, TITLE, good, hooked, moderated, picture};
use serde_json::{Value, json};
use tensorflix_actors::ports::Store;
use tensorflix_actors::verifier::VerdictsReached;
use tensorflix_domain::observation::{Details, Observation, Presence, Sighting};
use tensorflix_domain::verification::{Check, Provider, Subject};
use tensorflix_testkit::gists::{reel, video};
use tensorflix_testkit::scripted_services::http::{Reply, SECRET};
use tensorflix_testkit::subnets::stamp;
use tensorflix_testkit::time::simulate;

#[test]
fn the_middle_frame_tells_ai_and_the_worst_one_what_is_illicit() {
    simulate(async {
        let bench = Bench::start(Provider::Sightengine, 100).await;
        bench.answer([picture(0.9, 0.1), picture(0.2, 0.7), picture(0.1, 0.3)].map(|answer| Reply::json(&answer)));
        let reached = bench.ask(&[video(1)], &[Check::Ai, Check::Illicit]).await;
        assert_eq!(reached, VerdictsReached { reached_count: 2, errors: vec![] });
        let verdicts = bench.verdicts(&video(1)).await;
        let told: Vec<_> = verdicts.iter().map(|one| (one.check, one.provider, one.breach_permille)).collect();
        assert_eq!(told, [(Check::Ai, Provider::Sightengine, 800), (Check::Illicit, Provider::Sightengine, 700)]);
        assert_eq!(verdicts[0].scores["ai_generated (type) in picture 1"], 900);
        assert_eq!((verdicts[0].at, bench.spent()), (stamp(BLOCK), 3));
        let requests = bench.world.http.requests();
        let asked: Vec<&str> = requests.iter().map(|request| request.query["url"].as_str()).collect();
        let frames = [1, 2, 3].map(|number| format!("https://i.ytimg.com/vi/{}/{number}.jpg", video(1).as_str()));
        assert_eq!(asked, frames);
        assert_eq!(requests[0].query["models"], "genai,nudity-2.1,gore-2.0,violence");
        assert_eq!(requests[0].query_credential, Some(("api_secret".to_owned(), SECRET.to_owned())));
    });
}

#[test]
fn openai_is_shown_the_text_once_and_each_picture() {
    simulate(async {
        let bench = Bench::start(Provider::Openai, 100).await;
        bench.answer([0.1, 0.2, 0.97].map(|score| Reply::json(&moderated(score))));
        assert_eq!(bench.ask(&[video(1)], &[Check::Illicit]).await.reached_count, 1);
        let [verdict] = &bench.verdicts(&video(1)).await[..] else { panic!("one verdict") };
        assert_eq!((verdict.breach_permille, verdict.scores["violence/graphic"]), (970, 100));
        let bodies: Vec<Value> =
            bench.world.http.requests().into_iter().map(|request| request.body.expect("a body")).collect();
        assert_eq!(bodies[0]["model"], "omni-moderation-latest");
        assert_eq!(bodies[0]["input"][0], json!({ "type": "text", "text": format!("{TITLE}\n{TEXT}") }));
        let pictures: Vec<&str> = bodies
            .iter()
            .flat_map(|body| body["input"].as_array().expect("a list"))
            .filter_map(|input| input["image_url"]["url"].as_str())
            .collect();
        assert_eq!(pictures.len(), 3);
        assert!(pictures.iter().all(|url| url.starts_with("https://i.ytimg.com/vi/")), "{pictures:?}");
        assert_eq!(bench.world.http.requests()[0].bearer.as_deref(), Some(SECRET));
    });
}

#[test]
fn the_webhook_is_asked_each_question_with_the_content_and_the_task() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 100).await;
        let answers = [hooked("pass", 0.9), hooked("fail", 0.85), hooked("unknown", 0.0)];
        bench.answer(answers.map(|answer| Reply::json(&answer)));
        assert_eq!(bench.ask(&[reel(1)], &[Check::Ai, Check::Illicit, Check::Topic]).await.reached_count, 2);
        let verdicts = bench.verdicts(&reel(1)).await;
        let told: Vec<_> = verdicts.iter().map(|one| (one.check, one.breach_permille)).collect();
        assert_eq!(told, [(Check::Ai, 100), (Check::Illicit, 850)], "who does not know gave no verdict");
        assert_eq!(verdicts[1].words.as_deref(), Some("it says so"));
        let bodies: Vec<Value> =
            bench.world.http.requests().into_iter().map(|request| request.body.expect("a body")).collect();
        let content = json!({ "platform": "instagram", "id": reel(1).as_str(), "title": TITLE, "description": TEXT,
            "duration_secs": 20, "frames": [COVER] });
        assert_eq!(bodies[0], json!({ "check": "ai", "content": content, "task": null }));
        let task = json!({ "id": "foxes", "description": "a fox in snow" });
        assert_eq!(bodies[2], json!({ "check": "topic", "content": content, "task": task }));
    });
}

#[test]
fn pitfall_11_only_the_platforms_own_pictures_are_examined() {
    for provider in DETECTORS {
        simulate(async move {
            let bench = Bench::start(provider, 1_000).await;
            bench.answer([good(provider)]);
            let details = Details {
                title: "see https://evil.example/ai.mp4".to_owned(),
                duration_secs: Some(20),
                thumbnail_url: Some("https://evil.example/ai.jpg".to_owned()),
                ..Details::default()
            };
            for content in [video(1), reel(1)] {
                let presence = Presence { details: details.clone(), ..Presence::default() };
                let sighting = Sighting::Present(Box::new(presence));
                let observation = Observation { content, at: stamp(BLOCK + 1), sighting };
                bench.world.store.record_observations(&[observation]).await.expect("stored");
            }
            bench.ask(&[video(1), reel(1)], &[Check::Illicit]).await;
            assert!(bench.requests() > 0);
            for request in bench.world.http.requests() {
                assert_eq!(request.host, "detector.example", "nothing of a miner's is fetched");
                assert!(request.query.get("url").is_none_or(|url| url.starts_with("https://i.ytimg.com/vi/")));
                let body = request.body.unwrap_or_default();
                let pictures = body["content"]["frames"].to_string()
                    + &body["input"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .map(|one| one["image_url"].to_string())
                        .collect::<String>();
                assert!(!pictures.contains("evil"), "{pictures}");
            }
        });
    }
}

#[test]
fn a_verdict_is_of_the_text_that_was_examined() {
    simulate(async {
        let bench = Bench::start(Provider::Webhook, 100).await;
        bench.answer([good(Provider::Webhook)]);
        let details = Details { title: "changed since".to_owned(), ..Details::default() };
        let sighting = Sighting::Present(Box::new(Presence { details, ..Presence::default() }));
        let observation = Observation { content: video(1), at: stamp(BLOCK + 1), sighting };
        bench.world.store.record_observations(&[observation]).await.expect("stored");
        bench.ask(&[video(1)], &[Check::Illicit]).await;
        assert_eq!(bench.verdicts(&video(1)).await[0].subject, Subject::of("changed since\n", None, None));
    });
}
