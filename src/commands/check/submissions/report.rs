//! A submission gist, pair by pair.

use super::judging::{NotChecked, Outcome};
use crate::commands::check::checks::{Check, CheckResult, any_wrong};
use crate::commands::check::lines::{place, put_checks, put_problem, put_summary};
use crate::text::json::one_line;
use crate::text::reasons::{Words, words_of};
use crate::text::wrapping::{excerpt, put};
use serde::Serialize;
use std::collections::BTreeMap;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::evidence::ContentEvidence;
use tensorflix_domain::ids::{ContentId, Hotkey, Uid};
use tensorflix_domain::invisible;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::{OwnershipRule, Policy};
use tensorflix_domain::problem::{Place, Problem};
use tensorflix_domain::submission::Pair;
use tensorflix_domain::verdict::{Reason, Status};

/// Characters of an id that are shown.
const SHOWN_CHARACTERS: usize = 60;

/// The status of a pair that could not be judged completely.
const NOT_CHECKED: &str = "not_checked";

/// How a validator would judge a submission gist.
#[derive(Clone, Debug, PartialEq)]
pub struct SubmissionReport {
    /// Where the document is.
    pub source: String,
    /// The hotkey that commits it.
    pub hotkey: Hotkey,
    /// What was found about gist, hotkey and tasks.
    pub checks: Vec<Check>,
    /// What was skipped in the document.
    pub problems: Vec<Problem>,
    /// Its pairs in order.
    pub pairs: Vec<CheckedPair>,
}

/// A pair and how it would be judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedPair {
    line: u32,
    column: u32,
    task_id: String,
    content_id: String,
    platform: Option<Platform>,
    status: &'static str,
    reason: Option<Reason>,
    views: Option<u64>,
    published_at: Option<Moment>,
    views_per_hour: Option<f64>,
    /// Other validators that publish the task.
    published_by: Vec<Uid>,
    detail: String,
}

impl CheckedPair {
    /// Describes how a pair would be judged.
    pub fn new(
        place: Place,
        pair: &Pair,
        outcome: &Outcome,
        contents: &BTreeMap<ContentId, ContentEvidence>,
        policy: &Policy,
    ) -> Self {
        let nothing = Self {
            line: place.line,
            column: place.column,
            task_id: pair.task_id.clone(),
            content_id: pair.content_id.clone(),
            platform: None,
            status: NOT_CHECKED,
            reason: None,
            views: None,
            published_at: None,
            views_per_hour: None,
            published_by: Vec::new(),
            detail: String::new(),
        };
        let checked = match outcome {
            Outcome::NotChecked(missing) => {
                let platform = match missing {
                    NotChecked::Task => None,
                    NotChecked::Content(platform) => Some(*platform),
                };
                Self { platform, detail: what_is_missing(*missing), ..nothing }
            }
            Outcome::Judged(judged) => Self {
                platform: judged.platform,
                status: judged.status.word(),
                reason: judged.reason,
                views: judged.view_count,
                published_at: judged.published_at,
                views_per_hour: judged.score,
                detail: detail(judged, contents, policy),
                ..nothing
            },
        };
        checked.with_what_is_hidden()
    }

    /// Reports invisible characters in an id that is not accepted: they are then what has to be corrected.
    fn with_what_is_hidden(mut self) -> Self {
        let said = |what: &str, id: &str| {
            let hidden = invisible::described(id)?;
            let (shown, meant) = (invisible::escaped(id), invisible::cleaned(id));
            Some(format!(
                "the {what} id \"{shown}\" contains a {hidden}, so it is not \"{meant}\". To do: write the id again without it"
            ))
        };
        let of_content = (self.status != Status::Accepted.word()).then(|| said("content", &self.content_id)).flatten();
        let is_task_in_doubt = self.is_of_unknown_task() || self.status == NOT_CHECKED;
        let of_task = is_task_in_doubt.then(|| said("task", &self.task_id)).flatten();
        let found: Vec<String> = [of_task, of_content].into_iter().flatten().collect();
        if !found.is_empty() {
            self.detail = found.join("; ");
        }
        self
    }
}

impl CheckedPair {
    /// The task, as listed.
    pub fn task_id(&self) -> &str {
        &self.task_id
    }

    /// Whether its task is not one of those that it was judged by.
    pub fn is_of_unknown_task(&self) -> bool {
        self.reason == Some(Reason::UnknownTask)
    }

    /// Notes that other validators publish the unknown task: then it counts with them and is not a mistake. An id with
    /// invisible characters is a mistake with them too.
    #[must_use]
    pub fn published_by(mut self, uids: Vec<Uid>) -> Self {
        if self.is_of_unknown_task() && !uids.is_empty() && invisible::described(&self.content_id).is_none() {
            let named: Vec<String> = uids.iter().map(|uid| format!("UID {uid}")).collect();
            self.detail = format!(
                "it is a task of {}: it may count there, and has no effect on other validators",
                named.join(", ")
            );
            self.published_by = uids;
        }
        self
    }

    /// Whether it has to be corrected.
    fn is_wrong(&self) -> bool {
        self.status == Status::Rejected.word() && self.published_by.is_empty()
    }
}

fn what_is_missing(missing: NotChecked) -> String {
    match missing {
        NotChecked::Task => "whether the task exists, and what its platform says about the item".to_owned(),
        NotChecked::Content(platform) => format!("what {platform} says about it"),
    }
}

fn detail(judged: &Judged, contents: &BTreeMap<ContentId, ContentEvidence>, policy: &Policy) -> String {
    if let Some(reason) = judged.reason {
        let Words { meaning, advice } = words_of(reason);
        return format!("{meaning} To do: {advice}");
    }
    let content = judged.content();
    let tag = content.and_then(|content| contents.get(&content)?.owner_tag);
    match (policy.ownership_tag, tag) {
        (OwnershipRule::Off, _) => "it would be scored".to_owned(),
        (_, Some(hotkey)) if hotkey == judged.hotkey => {
            "it would be scored; its description names your hotkey".to_owned()
        }
        (_, Some(hotkey)) => {
            format!(
                "it would be scored, but its description names {hotkey}: it goes to that hotkey once that hotkey lists it"
            )
        }
        (_, None) => "it would be scored, but its description does not name your hotkey: another miner who lists it \
                      earlier or is named in it gets it; write your full hotkey into the description"
            .to_owned(),
    }
}

#[derive(Serialize)]
struct Report<'a> {
    source: &'a str,
    hotkey: Hotkey,
    submissions: &'a [CheckedPair],
    problems: &'a [Problem],
    checks: &'a [Check],
}

impl SubmissionReport {
    /// Whether something has to be corrected: a rejected pair (unless another validator publishes its task), a problem or a
    /// failed check.
    pub fn is_wrong(&self) -> bool {
        any_wrong(&self.checks) || !self.problems.is_empty() || self.pairs.iter().any(CheckedPair::is_wrong)
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        one_line(&Report {
            source: &self.source,
            hotkey: self.hotkey,
            submissions: &self.pairs,
            problems: &self.problems,
            checks: &self.checks,
        })
    }

    /// As text, in the order of the lines.
    pub fn to_text(&self) -> String {
        let mut page = String::new();
        put(&mut page, "", &format!("Submissions in {}", self.source));
        put(&mut page, "", &format!("of {}", self.hotkey));
        put_checks(&mut page, &self.checks);
        page.push('\n');
        let mut problems = self.problems.iter().peekable();
        for pair in &self.pairs {
            let is_before = |problem: &&Problem| {
                problem.line.is_some() && (problem.line, problem.column) < (Some(pair.line), Some(pair.column))
            };
            while let Some(problem) = problems.next_if(is_before) {
                put_problem(&mut page, "wrong", problem);
            }
            put_pair(&mut page, pair);
        }
        for problem in problems {
            put_problem(&mut page, "wrong", problem);
        }
        put_summary(&mut page, &[(self.pairs.len(), "pair"), (self.problems.len() + self.wrong_checks(), "problem")]);
        let counts = [Status::Accepted.word(), Status::Rejected.word(), Status::Pending.word(), NOT_CHECKED];
        let counts = counts.map(|status| format!("{} {}", self.count(status), words(status)));
        put(&mut page, "", &counts.join(", "));
        page
    }

    fn count(&self, status: &str) -> usize {
        self.pairs.iter().filter(|pair| pair.status == status).count()
    }

    fn wrong_checks(&self) -> usize {
        self.checks.iter().filter(|check| check.result == CheckResult::Wrong).count()
    }
}

/// A status as it is read.
fn words(status: &'static str) -> &'static str {
    if status == NOT_CHECKED { CheckResult::NotChecked.words() } else { status }
}

fn put_pair(page: &mut String, pair: &CheckedPair) {
    let lead = place(Some(pair.line), Some(pair.column));
    let indent = " ".repeat(lead.chars().count());
    put(page, &lead, &excerpt(&invisible::escaped(&pair.content_id), SHOWN_CHARACTERS));
    let platform = pair.platform.map(|platform| format!(" ({platform})")).unwrap_or_default();
    put(page, &indent, &format!("for {}{platform}", excerpt(&invisible::escaped(&pair.task_id), SHOWN_CHARACTERS)));
    let reason = pair.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    put(page, &indent, &format!("{}{reason}: {}", words(pair.status), pair.detail));
    if let (Some(views), Some(published_at)) = (pair.views, pair.published_at) {
        let rate = pair.views_per_hour.map(|rate| format!(", {rate:.1} per hour")).unwrap_or_default();
        put(page, &indent, &format!("{views} views since {published_at}{rate}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_fits_a_terminal_and_shows_no_control_characters() {
        let place = Place { line: 2, column: 3 };
        let hotkey = Hotkey::new([1; 32]);
        let judged = Judged {
            uid: 1,
            hotkey,
            task_id: "t".to_owned(),
            content_id: "c".to_owned(),
            platform: None,
            status: Status::Rejected,
            reason: Some(Reason::InvalidContentId),
            view_count: None,
            observed_at: None,
            published_at: None,
            score: None,
            counted_share: None,
            normalized_score: None,
            arithmetic: None,
            settled_by: None,
            is_provisional: false,
        };
        let pair = Pair { task_id: "\u{1b}[31mt".repeat(20), content_id: "<b>\n\u{202e}".repeat(30) };
        let outcomes = [Outcome::Judged(Box::new(judged)), Outcome::NotChecked(NotChecked::Task)];
        let checked = |outcome| CheckedPair::new(place, &pair, outcome, &BTreeMap::new(), &Policy::default());
        let report = SubmissionReport {
            source: "file x".to_owned(),
            hotkey,
            checks: vec![Check::not_checked("tasks", "\u{1b}".repeat(100))],
            problems: vec![Problem::at_line(1, "first"), Problem::at_line(9, "last"), Problem::of_document("all")],
            pairs: outcomes.iter().map(checked).collect(),
        };
        let text = report.to_text();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(
            !text.chars().any(|letter| letter.is_control() && letter != '\n') && !text.contains('\u{202e}'),
            "{text}"
        );
        assert!(text.ends_with("2 pairs, 3 problems\n0 accepted, 1 rejected, 0 pending, 1 not checked\n"), "{text}");
        let order: Vec<_> = ["first", "2:3", "last", "wrong: all"].map(|piece| text.find(piece)).into();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{text}");
        assert!(report.is_wrong());
    }
}
