//! Stories as text, in lines of a terminal's width. What miners and validators wrote is escaped.

use super::answer::Answer;
use super::miner::MinerStory;
use super::recovery;
use super::score::score_words;
use super::submission::{Rival, Story};
use crate::text::verdicts::verdict_words;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use std::fmt::Write;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::evidence::ContentEvidence;
use tensorflix_domain::intent::IntentOutcome;
use tensorflix_domain::observation::Broadcast;
use tensorflix_domain::rounds::UnwatchedBlocks;

/// Width of the names of a story's parts.
const NAME_WIDTH: usize = 12;

/// Most claims that are listed.
const MOST_CLAIMS: usize = 10;

/// The answer, with a line end after its last line.
pub fn to_text(answer: &Answer) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_answer(&mut text, answer);
    text
}

fn write_answer(text: &mut String, answer: &Answer) -> std::fmt::Result {
    let Answer { cycle, block, block_time, release, profile_words, .. } = answer;
    writeln!(text, "Cycle {cycle} at block {block} ({block_time}), decided by release {}", visible(release))?;
    writeln!(text, "Policy: {profile_words}")?;
    for miner in &answer.miners {
        for story in answer.submissions.iter().filter(|story| story.uid == miner.uid) {
            write_story(text, story)?;
        }
        write_miner(text, miner)?;
    }
    Ok(())
}

fn write_story(text: &mut String, story: &Story) -> std::fmt::Result {
    let (content, task) = (visible(&story.content_id), visible(&story.task_id));
    text.push('\n');
    text.push_str(&wrapped("", "", &format!("{content} for task {task}, by UID {}", story.uid)));
    let reason = story.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    part(text, "Result", &format!("{}{reason}", story.status));
    part(text, "Meaning", story.meaning);
    part(text, "What to do", story.advice);
    part(text, "Task", &task_words(story));
    part(text, "Listed", &listed_words(story));
    write_claims(text, story);
    if let Some(known) = &story.observed {
        part(text, "Platform", &platform_words(story, known));
        if let Some(verification) = &known.verification {
            part(text, "Verdicts", &verdict_words(verification));
        }
    }
    write_traffic(text, story);
    if let Some(words) = score_words(story) {
        part(text, "Score", &words);
    }
    Ok(())
}

fn task_words(story: &Story) -> String {
    let Some(weighted) = &story.task else {
        return "unknown to this validator in this cycle".to_owned();
    };
    let task = &weighted.task;
    let end = task.end_at.map_or("with no end".to_owned(), |end| format!("to {end}"));
    format!("{}, from {} {end}, weight {}", task.platform, task.start_at, weighted.weight)
}

fn listed_words(story: &Story) -> String {
    let listed = &story.listed;
    let gist = listed.gist.as_deref().map(|gist| format!(" in gist {gist}")).unwrap_or_default();
    let seen = match listed.first_seen_round {
        Some(round) => format!("first seen{gist} in the polling round of block {round}"),
        None => format!("seen{gist}"),
    };
    let unwatched = match listed.unwatched_before {
        Some(UnwatchedBlocks { from, until }) => {
            format!(
                " (no gist was read from block {from} to {until}: submissions listed in between are dated to block {until})"
            )
        }
        None => String::new(),
    };
    let now = match &listed.gist_of_cycle {
        Some(now) if listed.gist.as_ref() != Some(now) => format!("; now in gist {now}"),
        _ => String::new(),
    };
    let task = match &story.task {
        Some(_) => {
            format!(", {} for this task, of which {} count", ordinal(listed.position_in_task), listed.most_in_task)
        }
        None => String::new(),
    };
    format!("{seen}{unwatched}{now}; pair {} of {}{task}", listed.position, listed.pair_count)
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn write_claims(text: &mut String, story: &Story) {
    let [first, others @ ..] = story.claims.as_slice() else { return };
    if others.is_empty() {
        let claimant = if first.uid == story.uid { "only this miner's" } else { "only another miner's" };
        return part(text, "Claims", &format!("{claimant}: {}", claim_words(first)));
    }
    let settled = story.settled.map_or("", |settled| settled.meaning);
    let is_provisional = story.settled.is_some_and(|settled| settled.provisional);
    let for_now = if is_provisional { PROVISIONAL } else { "" };
    part(text, "Claims", &format!("{} claims. {settled}{for_now}", story.claims.len()));
    // The owner's claim is listed first, whatever its rank.
    let mut ordered: Vec<&Rival> = story.claims.iter().collect();
    ordered.sort_by_key(|rival| !rival.holds);
    let indent = " ".repeat(NAME_WIDTH + 2);
    for rival in ordered.iter().take(MOST_CLAIMS) {
        let mark = if rival.holds { ", owns it" } else { "" };
        text.push_str(&wrapped(&indent, "- ", &format!("UID {}{mark}: {}", rival.uid, claim_words(rival))));
    }
    if let Some(more) = ordered.len().checked_sub(MOST_CLAIMS).filter(|more| *more > 0) {
        text.push_str(&wrapped(&indent, "- ", &format!("and {more} more: --output json lists all")));
    }
}

/// Added to how a dispute was settled, if that may still change.
const PROVISIONAL: &str = " Provisional: GitHub has not dated every gist in this dispute yet. It is asked again, and a \
                           later cycle may settle the dispute differently.";

fn claim_words(rival: &Rival) -> String {
    let claim = &rival.claim;
    let pinned = claim.pinned_at.map(|block| format!(", pinned at block {block}")).unwrap_or_default();
    let updated = match rival.dating {
        Dating::NotAsked => String::new(),
        Dating::Dated(time) => format!(", gist updated {time}"),
        Dating::Undatable(why) => format!(", gist without a date ({why})"),
    };
    format!("seen in round {}{pinned}{updated}, committed to the gist since block {}", claim.round, claim.committed_at)
}

fn platform_words(story: &Story, known: &ContentEvidence) -> String {
    let Some(latest) = &known.latest else {
        let why = known.shortfall.map(|reason| format!(" ({reason})")).unwrap_or_default();
        return format!("never observed{why}");
    };
    let mut words = vec![format!("asked at block {} ({})", latest.at.block, latest.at.time)];
    match &latest.presence {
        None if known.seen_before => words.push("it no longer exists; it was observed before".to_owned()),
        None => words.push("it does not exist".to_owned()),
        Some(seen) => {
            let published =
                seen.published_at.map_or("published at an unknown time".to_owned(), |time| format!("published {time}"));
            words.push(published);
            let broadcast = match seen.broadcast {
                Broadcast::None => "",
                Broadcast::Live => "live now",
                Broadcast::Upcoming => "a premiere or broadcast that has not begun",
                Broadcast::Ended => "the recording of a broadcast",
            };
            words.extend((!broadcast.is_empty()).then(|| broadcast.to_owned()));
            words.extend(known.owner_tag.map(|hotkey| match known.named_hotkeys {
                0 | 1 => format!("its text names {hotkey}"),
                count => format!("its text names {count} hotkeys, of which the first counts: {hotkey}"),
            }));
        }
    }
    for (count, what) in [(known.views, "views"), (known.plays, "plays")] {
        words.extend(count.map(|count| format!("{} {what} at block {}", count.count, count.at.block)));
    }
    words.extend(known.shortfall.map(|reason| format!("no newer observation for this cycle ({reason})")));
    words.push(format!("observations older than {} hours are not used", story.max_evidence_age_hours));
    words.join("; ")
}

/// The share of views that count as authentic, and the signals against them; nothing if that was not judged.
fn write_traffic(text: &mut String, story: &Story) {
    let Some(finding) = story.observed.as_ref().and_then(|known| known.traffic.as_ref()) else { return };
    let against = if story.traffic.is_empty() { "no signals against them" } else { "signals against them:" };
    part(text, "Traffic", &format!("{:.1} % of the views count as authentic; {against}", finding.authenticity * 100.0));
    let indent = " ".repeat(NAME_WIDTH + 2);
    for signal in &story.traffic {
        text.push_str(&wrapped(&indent, "- ", signal));
    }
}

fn write_miner(text: &mut String, miner: &MinerStory) -> std::fmt::Result {
    let MinerStory { uid, hotkey, accepted, rejected, pending, .. } = miner;
    writeln!(text, "\nUID {uid} in this cycle  {hotkey}")?;
    part(text, "Submissions", &format!("{accepted} accepted, {rejected} rejected, {pending} pending"));
    part(
        text,
        "Total",
        &format!("earned {:.6}, score {:.6}: {:.2} % of all scores", miner.earned, miner.score, miner.share * 100.0),
    );
    part(text, "Weight", &weight_words(miner));
    recovery::write(text, &miner.recovery, &" ".repeat(NAME_WIDTH + 2));
    for note in &miner.notes {
        part(text, "Note", note);
    }
    for problem in &miner.problems {
        let line = problem.line.map(|line| format!(" line {line}")).unwrap_or_default();
        part(text, "Problem", &visible(&format!("{}{line}: {}", problem.source, problem.reason)));
    }
    Ok(())
}

fn weight_words(miner: &MinerStory) -> String {
    let on_chain: Vec<_> =
        miner.weights.iter().filter_map(|sent| Some((sent.weight, sent.signed_block, sent.block?))).collect();
    match (on_chain.as_slice(), miner.weights.last()) {
        ([], None) => "none sent".to_owned(),
        ([], Some(sent)) => {
            format!("{} of 65535, signed at block {}: {}", sent.weight, sent.signed_block, fate(sent.outcome.as_ref()))
        }
        ([(weight, signed, block)], _) => format!("{weight} of 65535, signed at block {signed}, in block {block}"),
        ([(weight, signed, block), .., (newest_weight, _, newest)], _) => format!(
            "{weight} of 65535, signed at block {signed}, in block {block}; sent {} times in total, most recently \
             {newest_weight} in block {newest}",
            on_chain.len()
        ),
    }
}

fn fate(outcome: Option<&IntentOutcome>) -> String {
    match outcome {
        None => "outcome not known yet".to_owned(),
        Some(IntentOutcome::Confirmed { block }) => format!("in block {block}"),
        Some(IntentOutcome::Failed { block, error }) => format!("failed in block {block}: {}", visible(error)),
        Some(IntentOutcome::Refused { error }) => format!("rejected by the node: {}", visible(error)),
        Some(IntentOutcome::Expired) => "expired: no block included it".to_owned(),
    }
}

/// One part of a story: its name, and words beside it.
pub(super) fn part(text: &mut String, name: &str, words: &str) {
    text.push_str(&wrapped("  ", &format!("{name:<NAME_WIDTH$}"), words));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_people_do() {
        for (number, word) in [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (22, "22nd")]
        {
            assert_eq!(ordinal(number), word);
        }
    }
}
