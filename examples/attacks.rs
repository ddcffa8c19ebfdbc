//! Prints what each attack of the threat list earns, beside its twin that behaves: `cargo run --release --example attacks`. With
//! numbers of rows (`-- 11 32`) only those, and what both were paid in each cycle.
//!
//! Shares are of all weight, means over the cycles. `others` is whether everybody else's raw scores are the same bits in both
//! worlds, `lost` what the attack takes from their share of the weight, in points, and `agreement` the lowest cosine between
//! what they are paid in both worlds. Where an attack is paid until it is found, `leaver` is what one who leaves the subnet then
//! has earned, as a multiple of its twin in the same cycles. Rows that pay by default are followed by what is left with each defence, and
//! every row by what is left with all of `docs/defences.toml`.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::cast_precision_loss, reason = "an example")]

#[path = "../tests/hostile/attacks/lab.rs"]
mod lab;
#[path = "../tests/hostile/attacks/prices.rs"]
mod prices;

use lab::{paid, play, share};
use prices::{RESIDUES, with_all_defences, with_settings};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use tensorflix::commands::stored::recorded::RecordedCycle;

/// Rows that are played at the same time.
const AT_ONCE: usize = 2;

/// The last row.
const LAST_ROW: u8 = 35;

fn main() {
    println!(
        "{:>3} {:58} {:>9} {:>9} {:>6} {:>6} {:>7} {:>6} {:>9}",
        "row", "attack", "attacker", "twin", "times", "leaver", "others", "lost", "agreement"
    );
    let chosen: Vec<u8> = std::env::args().skip(1).map(|row| row.parse().expect("the number of a row")).collect();
    let rows = if chosen.is_empty() { (1..=LAST_ROW).collect() } else { chosen.clone() };
    let next = AtomicUsize::new(0);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let (rows, next, tell, in_detail) = (&rows, &next, tell.clone(), !chosen.is_empty());
            scope.spawn(move || {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    tell.send((*row, lines_of(*row, in_detail))).expect("it is printed");
                }
            });
        }
        drop(tell);
        print_in_order(&rows, told);
    });
}

/// Prints what comes in the order of the rows.
fn print_in_order(rows: &[u8], told: mpsc::Receiver<(u8, String)>) {
    let mut waiting = BTreeMap::new();
    let mut rows = rows.iter().peekable();
    for (row, lines) in told {
        waiting.insert(row, lines);
        while let Some(lines) = rows.peek().and_then(|row| waiting.remove(*row)) {
            print!("{lines}");
            rows.next();
        }
    }
}

/// What is printed of a row.
fn lines_of(row: u8, in_detail: bool) -> String {
    let outcome = play(row);
    let (attackers, twins) = (outcome.attackers_share(), outcome.twins_share());
    let others = if outcome.harm_to_others().is_none() { "same" } else { "CHANGED" };
    let leaver = outcome.play_leaver().map(|leaver| outcome.leavers_gain(&leaver));
    let mut lines = format!(
        "{row:>3} {:58} {attackers:>9.5} {twins:>9.5} {:>6} {:>6} {others:>7} {:>6.2} {:>9.6}\n",
        outcome.attack.name,
        times(attackers, twins),
        leaver.map_or_else(|| "-".to_owned(), |gain| format!("{gain:.2}")),
        (attackers - twins) * 100.0,
        outcome.agreement(),
    );
    let mut line = |what: &str, (attackers, twins): (f64, f64)| {
        let times = times(attackers, twins);
        writeln!(lines, "    with {what:53} {attackers:>9.5} {twins:>9.5} {times:>6}").expect("a text takes all");
    };
    for defence in RESIDUES.iter().filter(|residue| residue.row == row).flat_map(|residue| residue.defences) {
        let settings = defence.settings.replace('\n', " ");
        line(&settings, outcome.shares_under(&with_settings(defence.settings)));
    }
    line("all of docs/defences.toml", outcome.shares_under(&with_all_defences()));
    if let (Some(gain), Some(defended)) = (outcome.rivals_gain(), outcome.rivals_gain_under(&with_all_defences())) {
        let by_default = format!("    the rival earns {gain:.3} times what it would without the attack");
        writeln!(lines, "{by_default}, with all of docs/defences.toml {defended:.3} times").expect("a text takes all");
    }
    if in_detail {
        let shares = |cycles: &[RecordedCycle]| -> String {
            let shares = paid(cycles).into_iter().map(|scores| share(&[scores], &outcome.attackers));
            shares.map(|share| format!(" {:.2}", share * 100.0)).collect()
        };
        writeln!(lines, "    attacker by cycle, percent:{}", shares(&outcome.attacked)).expect("a text takes all");
        writeln!(lines, "    twin by cycle, percent:    {}", shares(&outcome.twin)).expect("a text takes all");
    }
    lines
}

/// The gain over the twin; a dash where the twin earns nothing.
fn times(attackers: f64, twins: f64) -> String {
    if twins > 0.0 { format!("{:.2}", attackers / twins) } else { "-".to_owned() }
}
