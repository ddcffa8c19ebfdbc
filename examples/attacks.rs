//! Prints what each attack of the threat list earns, beside its twin that behaves: `cargo run --release --example attacks`.
//!
//! Shares are of all weight, means over the cycles. `others` is whether everybody else's raw scores are the same bits in both
//! worlds, `lost` what the attack takes from their share of the weight, in points, and `agreement` the lowest cosine between
//! what they are paid in both worlds. Rows that pay by default are followed by what is left with each defence, and
//! every row by what is left with all of `docs/defences.toml`.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::cast_precision_loss, reason = "an example")]

#[path = "../tests/hostile/attacks/lab.rs"]
mod lab;

use lab::{RESIDUES, play, with_all_defences, with_settings};

fn main() {
    println!(
        "{:>3} {:58} {:>9} {:>9} {:>6} {:>7} {:>6} {:>9}",
        "row", "attack", "attacker", "twin", "times", "others", "lost", "agreement"
    );
    for row in 1..=25 {
        let outcome = play(row);
        let (attackers, twins) = (outcome.attackers_share(), outcome.twins_share());
        let others = if outcome.harm_to_others().is_none() { "same" } else { "CHANGED" };
        println!(
            "{row:>3} {:58} {attackers:>9.5} {twins:>9.5} {:>6} {others:>7} {:>6.2} {:>9.6}",
            outcome.attack.name,
            times(attackers, twins),
            (attackers - twins) * 100.0,
            outcome.agreement(),
        );
        for defence in RESIDUES.iter().filter(|residue| residue.row == row).flat_map(|residue| residue.defences) {
            let (attackers, twins) = outcome.shares_under(&with_settings(defence.settings));
            let settings = defence.settings.replace('\n', " ");
            println!("    with {settings:53} {attackers:>9.5} {twins:>9.5} {:>6}", times(attackers, twins));
        }
        let (attackers, twins) = outcome.shares_under(&with_all_defences());
        println!(
            "    with {:53} {attackers:>9.5} {twins:>9.5} {:>6}",
            "all of docs/defences.toml",
            times(attackers, twins)
        );
    }
}

/// The gain over the twin; a dash where the twin earns nothing.
fn times(attackers: f64, twins: f64) -> String {
    if twins > 0.0 { format!("{:.2}", attackers / twins) } else { "-".to_owned() }
}
