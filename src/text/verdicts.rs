//! What detectors said of a content, in words.

use tensorflix_domain::verification::{Check, Provider, Verdict, VerificationEvidence, Wait};

/// One sentence or so for each verdict and each missing one.
pub(crate) fn verdict_words(known: &VerificationEvidence) -> String {
    let mut words: Vec<String> = known.verdicts.iter().map(one).collect();
    words.extend(known.waits.iter().map(missing));
    if words.is_empty() {
        let why = if known.sampled { "nobody was asked" } else { "not in this cycle's sample, so nobody was asked" };
        return why.to_owned();
    }
    words.join("; ")
}

fn one(verdict: &Verdict) -> String {
    if verdict.provider == Provider::Platform {
        return doubt_words(verdict);
    }
    let words = verdict.words.as_ref().map(|words| format!(" (\"{words}\")")).unwrap_or_default();
    format!("{}, asked at block {}{words}", doubt_words(verdict), verdict.at.block)
}

/// Who doubts what, and how much.
pub(crate) fn doubt_words(verdict: &Verdict) -> String {
    let about = about(verdict.check, verdict.task_id.as_deref());
    if verdict.provider == Provider::Platform {
        return format!("the platform itself says `{}`, which speaks {}that {about}", verdict.model, side(verdict));
    }
    let doubt = f64::from(verdict.breach_permille) / 10.0;
    format!("{} ({}) doubts to {doubt} % that {about}", verdict.provider, verdict.model)
}

const fn side(verdict: &Verdict) -> &'static str {
    if verdict.breach_permille == 0 { "for it, " } else { "against it, " }
}

fn missing(wait: &Wait) -> String {
    format!("no answer yet on whether {}, since block {}", about(wait.check, wait.task_id.as_deref()), wait.since.block)
}

fn about(check: Check, task_id: Option<&str>) -> String {
    match (check, task_id) {
        (Check::Ai, _) => "it is made by AI".to_owned(),
        (Check::Illicit, _) => "it is fit to be shown".to_owned(),
        (Check::Topic, Some(task_id)) => format!("it is about the task {task_id}"),
        (Check::Topic, None) => "it is about its task".to_owned(),
    }
}
