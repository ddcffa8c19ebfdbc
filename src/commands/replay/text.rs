//! Replays as text, in lines of a terminal's width. What miners wrote is escaped.

use super::comparison::{Replay, WeightsReplay};
use super::payout::Payout;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The indentation of the lines of one cycle.
const INDENT: &str = "  ";

/// A cycle's replay, with a line end after its last line.
pub fn to_text(replay: &Replay) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_replay(&mut text, replay);
    text
}

fn write_replay(text: &mut String, replay: &Replay) -> std::fmt::Result {
    let Replay { cycle, release, submission_count, score_count, .. } = replay;
    if let Some(refusal) = replay.refusal {
        writeln!(text, "Cycle {cycle} (release {}): not replayed", visible(release))?;
        text.push_str(&wrapped(INDENT, "- ", &refusal.to_string()));
        return Ok(());
    }
    let verdict = if replay.is_identical() { "identical" } else { "differs" };
    let weights = match &replay.weights {
        WeightsReplay::NoneSent => "no weights were sent",
        WeightsReplay::Compared { .. } => "weights sent",
    };
    writeln!(
        text,
        "Cycle {cycle} (release {}): {verdict}: {submission_count} submissions, {score_count} scores, {weights}",
        visible(release)
    )?;
    for difference in &replay.differences {
        text.push_str(&wrapped(INDENT, "- ", &visible(difference)));
    }
    if let WeightsReplay::Compared { signed_at, left_out, .. } = &replay.weights
        && !left_out.is_empty()
    {
        let uids: Vec<String> = left_out.iter().map(ToString::to_string).collect();
        let words = format!(
            "UID {} changed hands before the weights were signed at block {signed_at}, and got no weight",
            uids.join(", ")
        );
        text.push_str(&wrapped(INDENT, "- ", &words));
    }
    Ok(())
}

/// What another policy would have paid, with a line end after its last line.
pub fn payout_text(payout: &Payout) -> String {
    let mut text = String::new();
    let _ = write_payout(&mut text, payout);
    text
}

fn write_payout(text: &mut String, payout: &Payout) -> std::fmt::Result {
    let cycles = match payout.cycle_count {
        1 => String::new(),
        count => format!(", mean of {count} cycles"),
    };
    writeln!(text, "\nShares under the old policy and the configured one{cycles}:")?;
    let called = |profiles: &BTreeSet<String>| profiles.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    writeln!(text, "{INDENT}old: {}; new: {}", called(&payout.old_profiles), called(&payout.new_profiles))?;
    writeln!(text, "{:>5} {:<48} {:>8} {:>8} {:>7}", "UID", "hotkey", "old", "new", "change")?;
    for miner in &payout.miners {
        let uid = miner.uid.map_or("-".to_owned(), |uid| uid.to_string());
        let (old, new) = (percent(miner.old_share), percent(miner.new_share));
        let change = (miner.new_share - miner.old_share) * 100.0;
        writeln!(text, "{uid:>5} {:<48} {old:>8} {new:>8} {change:>+7.2}", miner.hotkey)?;
    }
    if payout.miners.is_empty() {
        writeln!(text, "{INDENT}(no miner is paid under either)")?;
    }
    if !payout.judged_otherwise.is_empty() {
        writeln!(text, "Submissions with a different result:")?;
    }
    for ((from, to), count) in &payout.judged_otherwise {
        writeln!(text, "{count:>7}  {from} -> {to}")?;
    }
    for caveat in &payout.caveats {
        text.push_str(&wrapped("", "Note: ", caveat));
    }
    Ok(())
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
