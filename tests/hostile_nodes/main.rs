//! Nodes that answer, and wrongly: whatever an endpoint gets wrong, the weights of the window are sent through another one,
//! exactly once, and the endpoint is left in a short time.
//!
//! It is alone in its test binary: beside other work on a busy machine an endpoint may be left for its slowness, before it is
//! asked what it gets wrong.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its world must fail")]
#![cfg(feature = "sandbox")]

mod flood;
mod matrix;
mod proxy;
#[path = "../support/mod.rs"]
mod support;
mod telling;
mod world;

use matrix::{METHODS, Outcome, TOGETHER};

#[test]
fn whatever_an_endpoint_gets_wrong_the_weights_of_the_window_are_sent_exactly_once() {
    let (outcomes, called) = matrix::try_all(&[&METHODS[..], &TOGETHER[..]].concat());
    println!("{}", matrix::table(&outcomes));
    let (unshown, shown): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.iter().partition(|outcome| outcome.is_vacuous());
    let bad: Vec<&&Outcome> = shown.iter().filter(|outcome| !outcome.is_good()).collect();
    assert!(bad.is_empty(), "{} of {} cells: {bad:#?}", bad.len(), outcomes.len());
    // On a machine that is very busy an endpoint may be left for its slowness in each try, before it is asked what it gets wrong.
    assert!(unshown.len() * 10 <= outcomes.len(), "the wrong answer was never given in {unshown:#?}");
    let listed: Vec<&str> = METHODS.iter().map(|(method, _)| *method).collect();
    let unlisted: Vec<&String> = called.iter().filter(|method| !listed.contains(&method.as_str())).collect();
    assert!(unlisted.is_empty(), "methods that are called and not tried: {unlisted:?}");
}
