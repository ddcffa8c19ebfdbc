//! The verdicts on an item, in words.

use tensorflix_domain::verification::{Check, Provider, Verdict, VerificationEvidence, Wait};

/// One sentence or so for each verdict and each missing one.
pub(crate) fn verdict_words(known: &VerificationEvidence) -> String {
    let mut words: Vec<String> = known.verdicts.iter().map(one).collect();
    words.extend(known.waits.iter().map(missing));
    if words.is_empty() {
        let why =
            if known.sampled { "no detector was asked" } else { "no detector was asked: not in this cycle's sample" };
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

/// Which detector decided what, and how certain it is.
pub(crate) fn doubt_words(verdict: &Verdict) -> String {
    let (kept, broken) = findings(verdict.check, verdict.task_id.as_deref());
    if verdict.provider == Provider::Platform {
        let found = if verdict.breach_permille == 0 { kept } else { broken };
        return format!("platform's own label `{}`: {found}", verdict.model);
    }
    let percent = f64::from(verdict.breach_permille) / 10.0;
    format!("{} ({}): {percent} % likely {broken}", verdict.provider, verdict.model)
}

fn missing(wait: &Wait) -> String {
    let (kept, _) = findings(wait.check, wait.task_id.as_deref());
    format!("no verdict yet on whether it is {kept}; waiting since block {}", wait.since.block)
}

/// What an item is that passes a check, and what it is if it breaks the rule.
fn findings(check: Check, task_id: Option<&str>) -> (String, String) {
    match (check, task_id) {
        (Check::Ai, _) => ("AI-generated".to_owned(), "not AI-generated".to_owned()),
        (Check::Illicit, _) => ("not illicit".to_owned(), "illicit".to_owned()),
        (Check::Topic, Some(task_id)) => (format!("about the task {task_id}"), format!("not about the task {task_id}")),
        (Check::Topic, None) => ("about its task".to_owned(), "not about its task".to_owned()),
    }
}
