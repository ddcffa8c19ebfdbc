//! Verdicts, and those that are missing.

use super::Fresh;
use super::samples::{absent, seen, verdict, wait};
use crate::gists::{reel, video};
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::verification::{Check, Provider, Verdict, VerificationRecord};

pub async fn of_a_provider_and_a_question_the_newest_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.record_observations(&[seen(&video(1), 10, None, None), absent(&reel(1), 10)]).await.expect("stored");
    let questions = [
        (Check::Ai, None, Provider::Webhook),
        (Check::Ai, None, Provider::Openai),
        (Check::Illicit, None, Provider::Openai),
        (Check::Topic, Some("t"), Provider::Webhook),
        (Check::Topic, Some("日本 '"), Provider::Webhook),
    ];
    let at = |block| questions.map(|(check, task_id, provider)| verdict(check, task_id, provider, block));
    let record = async |content: ContentId, verdicts: &[Verdict]| {
        let verdicts: Vec<_> = verdicts.iter().rev().map(|verdict| (content.clone(), verdict.clone())).collect();
        store.record_verdicts(&verdicts).await.expect("stored");
    };
    let mut newest = at(50);
    record(video(1), &newest).await;
    record(reel(1), &at(60)[..1]).await;
    record(video(1), &at(40)).await;
    newest[1] = Verdict { breach_permille: 1_000, ..newest[1].clone() };
    record(video(1), &newest[1..2]).await;
    newest[3] = verdict(Check::Topic, Some("t"), Provider::Webhook, u32::MAX);
    record(video(1), &newest[3..4]).await;
    let mut verdicts = newest.to_vec();
    verdicts.sort_unstable();
    let of_video = VerificationRecord { verdicts, waits: Vec::new() };
    let of_reel = VerificationRecord { verdicts: at(60)[..1].to_vec(), waits: Vec::new() };
    assert_eq!(store.verifications(&[reel(1), video(1)]).await, Ok(vec![of_reel, of_video]));
}

pub async fn what_was_never_observed_has_no_verdict_and_lacks_none(fresh: Fresh<'_>) {
    let store = fresh().await;
    let said = verdict(Check::Ai, None, Provider::Webhook, 50);
    store.record_verdicts(&[(video(1), said)]).await.expect("stored");
    store.record_waits(&[(video(1), vec![wait(Check::Ai, None, 50)])]).await.expect("stored");
    store.record_observations(&[seen(&video(1), 60, None, None)]).await.expect("stored");
    let nothing = VerificationRecord::default();
    assert_eq!(store.verifications(&[video(1), video(2)]).await, Ok(vec![nothing.clone(), nothing]));
}

pub async fn what_is_missing_is_replaced_as_a_whole(fresh: Fresh<'_>) {
    let store = fresh().await;
    store.record_observations(&[1, 2].map(|number| seen(&video(number), 10, None, None))).await.expect("stored");
    let mut first =
        vec![wait(Check::Topic, Some("u"), 30), wait(Check::Ai, None, 40), wait(Check::Topic, Some("t"), 50)];
    store.record_waits(&[(video(1), first.clone()), (video(2), first.clone())]).await.expect("stored");
    first.sort_unstable();
    let of = |waits: &[_]| VerificationRecord { verdicts: Vec::new(), waits: waits.to_vec() };
    assert_eq!(store.verifications(&[video(1)]).await, Ok(vec![of(&first)]));
    let second = [wait(Check::Illicit, None, 60)];
    store.record_waits(&[(video(1), second.to_vec())]).await.expect("stored");
    assert_eq!(store.verifications(&[video(1), video(2)]).await, Ok(vec![of(&second), of(&first)]));
    store.record_waits(&[(video(1), Vec::new())]).await.expect("stored");
    assert_eq!(store.verifications(&[video(1)]).await, Ok(vec![of(&[])]));
}
