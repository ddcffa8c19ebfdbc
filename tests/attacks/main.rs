//! The attack lab: every row of the threat list as an attacker over several cycles, beside its twin that behaves, in a
//! population of honest miners, judged by the real validator with its default settings.

#![allow(clippy::expect_used, clippy::panic, clippy::cast_precision_loss, reason = "tests")]
#![cfg(feature = "sandbox")]

mod lab;

use lab::play;

#[track_caller]
fn check(row: u8) {
    let outcome = play(row);
    println!(
        "{row:2} {:60} {:.6} {:.6} {:.6} {:.6}",
        outcome.attack.name,
        outcome.attackers_share(),
        outcome.twins_share(),
        outcome.agreement(),
        outcome.likeness()
    );
    for cycles in [&outcome.attacked, &outcome.twin] {
        for cycle in cycles {
            let m: Vec<String> = cycle
                .submissions
                .iter()
                .filter(|j| outcome.attackers.contains(&j.hotkey))
                .map(|j| {
                    format!(
                        "{}:{:?}:{:?}:{:.3?}:{:.2?}",
                        j.content_id, j.status, j.reason, j.normalized_score, j.counted_share
                    )
                })
                .collect();
            println!("   {} {}", m.len(), m.join(" "));
        }
    }
    outcome.check_others_unharmed();
}

macro_rules! rows { ($($name:ident = $row:literal),*) => { $(#[test] fn $name() { check($row); })* } }
rows!(
    r01 = 1,
    r02 = 2,
    r03 = 3,
    r04 = 4,
    r05 = 5,
    r06 = 6,
    r07 = 7,
    r08 = 8,
    r09 = 9,
    r10 = 10,
    r11 = 11,
    r12 = 12,
    r13 = 13,
    r14 = 14,
    r15 = 15,
    r16 = 16,
    r17 = 17,
    r18 = 18,
    r19 = 19,
    r20 = 20,
    r21 = 21,
    r22 = 22,
    r23 = 23,
    r24 = 24,
    r25 = 25
);
