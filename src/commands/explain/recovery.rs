//! What a miner owes for earlier cycles: how much, for which items, what this cycle took of it, and when it ends.

use super::text::part;
use crate::text::visible::visible;
use crate::text::wrapping::wrapped;
use serde::Serialize;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::recovery::{Belief, Cause, Debt, recover_hours};

/// Most items of one cycle that are listed as text.
const MOST_ITEMS: usize = 5;

/// What is owed for one earlier cycle. Amounts are shares of all that a cycle pays: 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DebtStory {
    /// The cycle that paid too much.
    pub cycle: u32,
    /// What the miner earned in it.
    pub earned: f64,
    /// What it was paid too much, as far as is known; 0 if the finding was lifted.
    pub excess: f64,
    /// What cycles before this one took of it.
    pub taken_before: f64,
    /// What this cycle took of it; negative if it gave back.
    pub taken: f64,
    /// When the rest lapses.
    pub lapses_at: Moment,
    /// The items that the cycle paid too much for.
    pub items: Vec<Belief>,
}

/// What a hotkey owes in a cycle, newest first.
pub(crate) fn tell(decided: &DecidedCycle, hotkey: &Hotkey) -> Vec<DebtStory> {
    let Some(recovery) = decided.evidence.recovery.as_deref() else { return Vec::new() };
    let left = decided.debts_left();
    let story = |(before, after): (&Debt, &Debt)| DebtStory {
        cycle: before.cycle,
        earned: before.earned,
        excess: before.excess,
        taken_before: before.taken,
        taken: after.taken - before.taken,
        lapses_at: before.at.hours_before(-recover_hours(&decided.policy)),
        items: recovery
            .beliefs
            .iter()
            .filter(|belief| belief.hotkey == *hotkey && belief.cycle == before.cycle)
            .cloned()
            .collect(),
    };
    // Both are in the same order.
    let of_hotkey = recovery.debts.iter().zip(&left).filter(|(debt, _)| debt.hotkey == *hotkey);
    let mut debts: Vec<DebtStory> = of_hotkey.map(story).collect();
    debts.sort_by_key(|debt| std::cmp::Reverse(debt.cycle));
    debts
}

/// The debts as text, with what to do.
pub(crate) fn write(text: &mut String, debts: &[DebtStory], indent: &str) {
    let Some(last) = debts.iter().map(|debt| debt.lapses_at).max() else { return };
    let taken: f64 = debts.iter().map(|debt| debt.taken).sum();
    let open: f64 = debts.iter().map(|debt| (debt.excess - debt.taken_before - debt.taken).max(0.0)).sum();
    let words = format!(
        "{:.4} % of this cycle was taken for what earlier cycles paid too much; {:.4} % of a cycle is still owed, until {last} at the \
         latest. Nothing needs to be done: later earnings pay it, and what was taken for a finding that is lifted is given back.",
        taken * 100.0,
        open * 100.0
    );
    part(text, "Recovery", &words);
    for debt in debts {
        text.push_str(&wrapped(indent, "- ", &debt_words(debt)));
        for belief in debt.items.iter().take(MOST_ITEMS) {
            text.push_str(&wrapped(indent, "  - ", &belief_words(belief)));
        }
        if let Some(more) = debt.items.len().checked_sub(MOST_ITEMS).filter(|more| *more > 0) {
            text.push_str(&wrapped(indent, "  - ", &format!("and {more} more: --output json lists all")));
        }
    }
}

fn debt_words(debt: &DebtStory) -> String {
    let percent = |share: f64| format!("{:.4} %", share * 100.0);
    let now = match debt.taken {
        taken if taken > 0.0 => format!("{} was taken now", percent(taken)),
        taken if taken < 0.0 => format!("{} was given back now", percent(-taken)),
        _ => "nothing was taken now".to_owned(),
    };
    format!(
        "cycle {}: it earned {}, of which {} too much; {} was taken before, and {now}; lapses {}",
        debt.cycle,
        percent(debt.earned),
        percent(debt.excess),
        percent(debt.taken_before),
        debt.lapses_at
    )
}

fn belief_words(belief: &Belief) -> String {
    let (content, task) = (visible(belief.content.as_str()), visible(&belief.task_id));
    let why = match belief.cause {
        Cause::ViewsFell { at } => format!("the platform showed fewer views at {at}"),
        Cause::SurgeStoppedDead => "a surge of views stopped abruptly, without the usual likes".to_owned(),
        Cause::ViewsWithoutLikes => "views came without the likes that its other views have".to_owned(),
        Cause::NamesAnother { hotkey } => format!("its text names {hotkey}, which claims it"),
    };
    format!("{content} for task {task}: {} of {} views are believed; {why}", belief.believed, belief.shown)
}
