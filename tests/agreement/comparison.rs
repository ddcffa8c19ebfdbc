//! How far the decisions of several validators on one round agree.

use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::verdict::Reason;
use tensorflix_domain::weights::ScoreVector;

/// A validator that decided the round.
pub struct Seat {
    pub decided: DecidedCycle,
    /// Whether it could see all that the others saw.
    pub has_seen_all: bool,
}

/// The agreement of two validators.
#[derive(Clone, Copy, Debug)]
pub struct Agreement {
    /// Cosine similarity of their weights.
    pub cosine: f64,
    /// Whether both have seen the same.
    pub is_settled: bool,
}

/// Items with different winners at validators that have seen the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disputes {
    /// A commitment pinned a revision that lists it.
    pub pinned: usize,
    /// None did.
    pub unpinned: usize,
}

/// A round.
#[derive(Clone, Debug)]
pub struct Row {
    pub number: usize,
    /// The first and second, first and third, second and third validator; none while one of them does not run.
    pub pairs: [Option<Agreement>; 3],
    /// Contents that several miners list.
    pub contested: usize,
    pub disputes: Disputes,
    pub note: String,
}

const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

impl Row {
    pub fn is_settled_for_all(&self) -> bool {
        self.pairs.iter().all(|pair| pair.is_some_and(|pair| pair.is_settled))
    }

    /// The lowest cosine of those who have seen the same.
    pub fn lowest_settled(&self) -> Option<f64> {
        let settled = self.pairs.iter().flatten().filter(|pair| pair.is_settled);
        settled.map(|pair| pair.cosine).min_by(f64::total_cmp)
    }
}

/// A task's content.
type Place<'a> = (&'a str, &'a str);

pub fn compare(number: usize, seats: &[Option<Seat>], note: String) -> Row {
    let mut disputed: BTreeMap<Place<'_>, bool> = BTreeMap::new();
    let pairs = PAIRS.map(|(one, other)| {
        let (one, other) = (seats[one].as_ref()?, seats[other].as_ref()?);
        let is_settled = one.has_seen_all && other.has_seen_all;
        if is_settled {
            let (ours, theirs) = (winners(&one.decided), winners(&other.decided));
            assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "round {number}");
            let differing = ours.iter().filter(|(place, winner)| theirs.get(*place) != Some(*winner));
            let is_pinned = |place: Place<'_>| pins(&one.decided, place) || pins(&other.decided, place);
            disputed.extend(differing.map(|(place, _)| (*place, is_pinned(*place))));
        }
        Some(Agreement { cosine: cosine(&one.decided.scores, &other.decided.scores), is_settled })
    });
    let contested = seats.iter().flatten().map(|seat| winners(&seat.decided).len()).max().unwrap_or(0);
    let pinned = disputed.values().filter(|is_pinned| **is_pinned).count();
    Row { number, pairs, contested, disputes: Disputes { pinned, unpinned: disputed.len() - pinned }, note }
}

/// Of each item that several miners list, the miner that gets it.
fn winners(cycle: &DecidedCycle) -> BTreeMap<Place<'_>, Option<Uid>> {
    let mut listed: BTreeMap<Place<'_>, BTreeSet<Uid>> = BTreeMap::new();
    let mut winners = BTreeMap::new();
    for judged in &cycle.submissions {
        let place = (judged.task_id.as_str(), judged.content_id.as_str());
        listed.entry(place).or_default().insert(judged.uid);
        if judged.reason != Some(Reason::DuplicateSubmission) {
            winners.insert(place, judged.uid);
        }
    }
    let contested = listed.into_iter().filter(|(_, uids)| uids.len() > 1);
    contested.map(|(place, _)| (place, winners.get(&place).copied())).collect()
}

/// Whether this validator knows a commitment that pinned the content.
fn pins(cycle: &DecidedCycle, (task_id, content_id): Place<'_>) -> bool {
    let claims = cycle.evidence.claims.iter().map(|bound| &bound.claim);
    claims
        .filter(|claim| claim.task_id == task_id && claim.content_id == content_id)
        .any(|claim| claim.pinned_at.is_some())
}

fn cosine(one: &ScoreVector, other: &ScoreVector) -> f64 {
    let of = |scores: &ScoreVector, hotkey: &Hotkey| scores.get(hotkey).copied().unwrap_or(0.0);
    let hotkeys: BTreeSet<&Hotkey> = one.keys().chain(other.keys()).collect();
    let product: f64 = hotkeys.iter().map(|hotkey| of(one, hotkey) * of(other, hotkey)).sum();
    let length = |scores: &ScoreVector| scores.values().map(|score| score * score).sum::<f64>().sqrt();
    product / (length(one) * length(other))
}

/// Shows the table. A figure in brackets is of two that have not seen the same.
pub fn print(title: &str, rows: &[Row]) {
    let shown = |pair: Option<Agreement>| match pair {
        None => "-".to_owned(),
        Some(Agreement { cosine, is_settled: true }) => format!("{cosine:.6}"),
        Some(Agreement { cosine, is_settled: false }) => format!("({cosine:.6})"),
    };
    let mut lines = vec![format!(
        "{title}\n{:>5} {:>10} {:>10} {:>10} {:>9} {:>15} {:>17}  before it",
        "cycle", "A·B", "A·C", "B·C", "contested", "disputed pinned", "disputed unpinned"
    )];
    for row in rows {
        let [ab, ac, bc] = row.pairs.map(shown);
        let Disputes { pinned, unpinned } = row.disputes;
        let (number, contested, note) = (row.number, row.contested, &row.note);
        lines
            .push(format!("{number:>5} {ab:>10} {ac:>10} {bc:>10} {contested:>9} {pinned:>15} {unpinned:>17}  {note}"));
    }
    println!("{}", lines.join("\n"));
}
