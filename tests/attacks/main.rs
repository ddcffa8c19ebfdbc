//! t
#![allow(clippy::expect_used, clippy::panic, clippy::cast_precision_loss, reason = "tests")]
#![cfg(feature = "sandbox")]

mod lab;

use lab::play;
use tensorflix_domain::defence::ForeignTag;
use tensorflix_domain::policy::{OwnershipRule, Policy};

#[track_caller]
fn check(row: u8) {
    let outcome = play(row);
    let changes: [(&str, fn(&mut Policy)); 12] = [
        ("default", |_| ()),
        ("coldkey", |p| p.defences.max_per_coldkey_and_task = 5),
        ("github", |p| p.defences.max_per_github_owner_and_task = 5),
        ("channel", |p| p.defences.max_per_channel_and_task = 5),
        ("foreign", |p| p.defences.foreign_tag = ForeignTag::Reject),
        ("settle72", |p| p.defences.settling_hours = 72.0),
        ("first", |p| p.defences.first_sight_views = 100_000),
        ("hidden.8", |p| p.defences.hidden_engagement_share = 0.8),
        ("exp.5", |p| p.defences.score_exponent = 0.5),
        ("floor1", |p| p.defences.task_floor_share = 1.0),
        ("required", |p| p.ownership_tag = OwnershipRule::Required),
        ("reject", |p| p.traffic = tensorflix_domain::policy::TrafficRule::Reject),
    ];
    let text: Vec<String> = changes.iter().map(|(name, change)| { let (a, t) = outcome.shares_under(change); format!("{name} {a:.5}/{t:.5}") }).collect();
    let errors: usize = outcome.attacked.iter().map(|cycle| cycle.errors.iter().filter(|e| e.reason.contains("look at both") || e.reason.contains("of what counts")).count()).sum();
    println!("ROW {row:2} {:.6} {:.6} hints {errors} {}", outcome.agreement(), outcome.likeness(), text.join(" "));
    outcome.check_others_unharmed();
}

macro_rules! rows { ($($name:ident = $row:literal),*) => { $(#[test] fn $name() { check($row); })* } }
rows!(r01 = 1, r02 = 2, r03 = 3, r04 = 4, r05 = 5, r06 = 6, r07 = 7, r08 = 8, r09 = 9, r10 = 10, r11 = 11, r12 = 12, r13 = 13, r14 = 14, r15 = 15, r16 = 16, r17 = 17, r18 = 18, r19 = 19, r20 = 20, r21 = 21, r22 = 22, r23 = 23, r24 = 24, r25 = 25);
