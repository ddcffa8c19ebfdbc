//! Verdicts: the newest of each provider on each question, and what is missing.

use crate::samples::{Place, content, seen, verdict, wait};
use tensorflix_domain::verification::{Check, Provider, VerificationRecord};

#[tokio::test]
async fn the_newest_verdict_of_each_provider_on_each_question_comes_back_after_a_restart() {
    let place = Place::new();
    let store = place.open().await;
    store.record_observations(&[seen(2, 10, Some(1), None)]).await.expect("saved");
    let ai = |block| verdict(Check::Ai, None, Provider::Webhook, block);
    let other = verdict(Check::Ai, None, Provider::Sightengine, 10);
    let topics = ["t", "u"].map(|task| verdict(Check::Topic, Some(task), Provider::Webhook, 12));
    let given = [ai(10), ai(12), ai(11), other.clone(), topics[0].clone(), topics[1].clone()];
    store.record_verdicts(&given.map(|verdict| (content(2), verdict))).await.expect("saved");
    store.record_waits(&[(content(2), vec![wait(Check::Illicit, None, 10)])]).await.expect("saved");
    drop(store);
    let known = place.open().await.verifications(&[content(3), content(2)]).await.expect("read");
    assert_eq!(known[0], VerificationRecord::default());
    let mut expected = vec![ai(12), other, topics[0].clone(), topics[1].clone()];
    expected.sort_unstable();
    assert_eq!(known[1].verdicts, expected);
    assert_eq!(known[1].waits, [wait(Check::Illicit, None, 10)]);
}

#[tokio::test]
async fn what_is_missing_takes_the_place_of_what_was_missing_and_strangers_have_nothing() {
    let place = Place::new();
    let store = place.open().await;
    store.record_observations(&[seen(2, 10, Some(1), None)]).await.expect("saved");
    let waits = vec![wait(Check::Illicit, None, 10), wait(Check::Topic, Some("t"), 11)];
    store.record_waits(&[(content(2), waits.clone()), (content(3), waits)]).await.expect("saved");
    store.record_verdicts(&[(content(3), verdict(Check::Ai, None, Provider::Openai, 5))]).await.expect("saved");
    store.record_waits(&[(content(2), vec![wait(Check::Topic, Some("t"), 11)])]).await.expect("saved");
    let known = store.verifications(&[content(2), content(3)]).await.expect("read");
    assert_eq!(known[0].waits, [wait(Check::Topic, Some("t"), 11)]);
    assert_eq!(known[1], VerificationRecord::default(), "never observed");
}

#[tokio::test]
async fn old_verdicts_are_pruned() {
    let place = Place::new();
    let store = place.open().await;
    store.record_observations(&[seen(2, 30, Some(1), None)]).await.expect("saved");
    let [old, new] = [10, 30].map(|block| verdict(Check::Ai, None, Provider::Webhook, block));
    let old_of_another = verdict(Check::Illicit, None, Provider::Webhook, 10);
    store.record_verdicts(&[(content(2), new.clone()), (content(2), old_of_another)]).await.expect("saved");
    store.record_waits(&[(content(2), vec![wait(Check::Topic, Some("t"), 10)])]).await.expect("saved");
    assert_eq!(store.prune(old.at.time.unix_ms() + 1).await.expect("pruned").verdicts, 2);
    let known = store.verifications(&[content(2)]).await.expect("read").remove(0);
    assert_eq!(known, VerificationRecord { verdicts: vec![new], waits: Vec::new() });
}
