//! A recorded cycle as CSV: one line per submission, by UID and then in the order of the gists. How a score was computed is taken
//! from the record: `score = counted_views / hours` and `normalized_score = (score × counted_share / divisor) ^ exponent`, where
//! an empty `counted_share` means 1.
//!
//! Quoted by RFC 4180. A cell that begins with `=`, `+`, `-`, `@` or a control character gets a leading apostrophe, because
//! spreadsheets would read it as a formula, and miners choose some of the texts: a YouTube id may begin with a hyphen.
//! A program that reads the file removes an apostrophe before one of these characters.

use crate::commands::stored::recorded::{RecordedCycle, SentWeights, policy_sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use tensorflix_domain::claim::Claim;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::dispute::SettledBy;
use tensorflix_domain::evidence::BoundClaim;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::judge::Judged;
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::verification::{CERTAIN, VerificationEvidence};

/// Names of the columns, in their order.
pub const COLUMNS: [&str; 51] = [
    "cycle",
    "block",
    "block_time",
    "release",
    "policy_sha256",
    "profile",
    "uid",
    "hotkey",
    "task_id",
    "task_weight",
    "content_id",
    "platform",
    "status",
    "reason",
    "settled_by",
    "provisional",
    "claim_round",
    "claim_pinned_at",
    "claim_gist_updated_at",
    "claim_undatable",
    "claim_committed_at",
    "published_at",
    "observed_block",
    "observed_at",
    "present",
    "seen_before",
    "broadcast",
    "owner_tag",
    "views",
    "views_block",
    "views_at",
    "plays",
    "shortfall",
    "verdicts",
    "counted_views",
    "first_sight_views",
    "counted_at",
    "passed_hours",
    "hours",
    "score",
    "counted_share",
    "untagged_limit",
    "too_few_owners",
    "divisor",
    "divided_by",
    "exponent",
    "normalized_score",
    "miner_score",
    "weight",
    "weight_signed_block",
    "weight_block",
];

/// Each verdict as `provider check certainty-of-a-breach`, separated by semicolons.
fn verdicts(known: Option<&VerificationEvidence>) -> String {
    let told = known.into_iter().flat_map(|known| &known.verdicts).map(|verdict| {
        let breach = f64::from(verdict.breach_permille) / f64::from(CERTAIN);
        format!("{} {} {breach}", verdict.provider, verdict.check)
    });
    told.collect::<Vec<_>>().join("; ")
}

/// The key of a miner's claim.
type ClaimKey<'a> = (&'a str, &'a str, &'a Hotkey);

/// Writes the heading and all lines.
///
/// # Errors
/// If `writer` fails.
pub fn write_csv(cycle: &RecordedCycle, writer: impl Write) -> std::io::Result<()> {
    let evidence = &cycle.decided.evidence;
    let sheet = Sheet {
        cycle,
        policy_sha256: policy_sha256(&cycle.decided.policy),
        task_weights: evidence.tasks.iter().map(|task| (task.task.id.as_str(), task.weight)).collect(),
        claims: evidence.claims.iter().map(|bound| (key_of(&bound.claim), bound)).collect(),
    };
    let mut file = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(writer);
    file.write_record(COLUMNS).map_err(io_error)?;
    for judged in &cycle.decided.submissions {
        file.write_record(sheet.line(judged).iter().map(|cell| harmless(cell).into_owned())).map_err(io_error)?;
    }
    file.flush()
}

/// The writer's own error; its kind shows whether the reader only closed the pipe.
fn io_error(error: ::csv::Error) -> std::io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

fn key_of(claim: &Claim) -> ClaimKey<'_> {
    (&claim.task_id, &claim.content_id, &claim.hotkey)
}

/// The cell, with an apostrophe in front if a spreadsheet would evaluate it.
fn harmless(cell: &str) -> Cow<'_, str> {
    match cell.chars().next() {
        Some(first) if matches!(first, '=' | '+' | '-' | '@') || first.is_control() => format!("'{cell}").into(),
        _ => cell.into(),
    }
}

/// A cycle, with indexes for building its lines.
struct Sheet<'a> {
    cycle: &'a RecordedCycle,
    policy_sha256: String,
    task_weights: HashMap<&'a str, f64>,
    claims: HashMap<ClaimKey<'a>, &'a BoundClaim>,
}

impl Sheet<'_> {
    /// One submission, in the order of [`COLUMNS`].
    fn line(&self, judged: &Judged) -> [String; COLUMNS.len()] {
        let decided = &self.cycle.decided;
        let at = decided.evidence.at;
        let content = judged.content();
        let known = content.and_then(|content| decided.evidence.contents.get(&content)).cloned().unwrap_or_default();
        let bound = self.claims.get(&(judged.task_id.as_str(), judged.content_id.as_str(), &judged.hotkey));
        let claim = bound.map(|bound| &bound.claim);
        let (updated_at, undatable) = match bound.map(|bound| bound.dating) {
            Some(Dating::Dated(updated_at)) => (Some(updated_at), None),
            Some(Dating::Undatable(why)) => (None, Some(why.code())),
            Some(Dating::NotAsked) | None => (None, None),
        };
        let seen = known.latest.as_ref().and_then(|latest| latest.presence.as_ref());
        let computed = judged.arithmetic.as_deref();
        let sent = self.cycle.first_confirmed();
        [
            decided.cycle.to_string(),
            at.block.to_string(),
            at.time.to_string(),
            decided.release.clone(),
            self.policy_sha256.clone(),
            cell(decided.policy.profile),
            judged.uid.to_string(),
            judged.hotkey.to_string(),
            judged.task_id.clone(),
            cell(self.task_weights.get(judged.task_id.as_str())),
            judged.content_id.clone(),
            cell(judged.platform),
            judged.status.to_string(),
            cell(judged.reason),
            judged.settled_by.map(SettledBy::code).unwrap_or_default().to_owned(),
            cell(judged.settled_by.map(|_| judged.is_provisional)),
            cell(claim.map(|claim| claim.round)),
            cell(claim.and_then(|claim| claim.pinned_at)),
            cell(updated_at),
            cell(undatable),
            cell(claim.map(|claim| claim.committed_at)),
            cell(judged.published_at),
            cell(known.latest.as_ref().map(|latest| latest.at.block)),
            cell(known.latest.as_ref().map(|latest| latest.at.time)),
            cell(known.latest.as_ref().map(|latest| latest.presence.is_some())),
            known.seen_before.to_string(),
            seen.map(|seen| broadcast_word(seen.broadcast)).unwrap_or_default().to_owned(),
            cell(known.owner_tag),
            cell(known.views.map(|views| views.count)),
            cell(known.views.map(|views| views.at.block)),
            cell(known.views.map(|views| views.at.time)),
            cell(known.plays.map(|plays| plays.count)),
            cell(known.shortfall),
            verdicts(known.verification.as_deref()),
            cell(judged.view_count),
            cell(computed.map(|computed| computed.first_sight_views)),
            cell(judged.observed_at),
            cell(computed.map(|computed| computed.passed_hours)),
            cell(computed.map(|computed| computed.hours)),
            cell(judged.score),
            cell(judged.counted_share),
            cell(computed.and_then(|computed| computed.untagged_limit)),
            cell(computed.and_then(|computed| computed.too_few_owners)),
            cell(computed.map(|computed| computed.divisor)),
            cell(computed.map(|computed| if computed.is_floor { "floor" } else { "best" })),
            cell(computed.map(|computed| computed.exponent)),
            cell(judged.normalized_score),
            cell(decided.scores.get(&judged.hotkey)),
            cell(sent.map(|sent| sent.weight_of(judged.uid))),
            cell(sent.map(|sent| sent.signed_at.block)),
            cell(sent.and_then(SentWeights::confirmed_in)),
        ]
    }
}

/// A missing value is an empty cell.
fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

const fn broadcast_word(broadcast: Broadcast) -> &'static str {
    match broadcast {
        Broadcast::None => "none",
        Broadcast::Live => "live",
        Broadcast::Upcoming => "upcoming",
        Broadcast::Ended => "ended",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for (cell, written) in [
            ("plain", "plain"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-_-_-_-_-_-", "'-_-_-_-_-_-"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r\n=1", "'\r\n=1"),
            ("\u{9b}", "'\u{9b}"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(harmless(cell), written, "{cell:?}");
        }
    }
}
