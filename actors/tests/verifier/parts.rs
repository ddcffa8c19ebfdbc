//! What cannot be read of a detector's answer beside what was asked costs nothing; of what was asked, the verdict.

use super::{Bench, hooked, moderated, picture};
use serde_json::Value;
use tensorflix_domain::verification::{Check, Provider};
use tensorflix_testkit::gists::video;
use tensorflix_testkit::scripted_services::http::Reply;
use tensorflix_testkit::scripted_services::poisons::poisons;
use tensorflix_testkit::time::simulate;

fn with_member(answer: &Value, member: &[u8]) -> Vec<u8> {
    let text = answer.to_string();
    [text.strip_suffix('}').expect("an object").as_bytes(), b", ", member, b"}"].concat()
}

fn answers() -> [(Provider, Value); 3] {
    [
        (Provider::Sightengine, picture(0.1, 0.9)),
        (Provider::Openai, moderated(0.9)),
        (Provider::Webhook, hooked("fail", 0.9)),
    ]
}

async fn verdicts(provider: Provider, body: Vec<u8>) -> usize {
    let bench = Bench::start(provider, 1_000).await;
    bench.answer([Reply::new(200, body)]);
    bench.ask(&[video(1)], &[Check::Illicit]).await.reached_count
}

#[test]
fn what_cannot_be_read_beside_the_scores_does_not_cost_the_verdict() {
    for (provider, answer) in answers() {
        // Of detectors no answer is read that is longer than a poison which is nothing but long.
        for poison in poisons().into_iter().filter(|poison| poison.len() < 200_000) {
            let body = with_member(&answer, &poison);
            simulate(async move {
                let shown = String::from_utf8_lossy(&poison[..poison.len().min(40)]).into_owned();
                assert_eq!(verdicts(provider, body).await, 1, "{provider}: {shown}");
            });
        }
    }
}

#[test]
fn a_result_that_cannot_be_read_may_be_the_worst_and_is_no_verdict() {
    for poison in poisons() {
        let good = moderated(0.1)["results"][0].to_string();
        let spoilt = [b"{\"category_scores\": {".to_vec(), poison, b"}}".to_vec()].concat();
        for results in [[good.as_bytes(), &spoilt], [&spoilt[..], good.as_bytes()]] {
            let body = [b"{\"results\": [", results[0], b", ", results[1], b"]}"].concat();
            simulate(async move { assert_eq!(verdicts(Provider::Openai, body).await, 0) });
        }
    }
}
