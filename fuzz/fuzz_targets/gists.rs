//! Gists of submissions and of tasks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorflix_domain::submission::{MAX_PAIRS, parse_submission_gist};
use tensorflix_domain::task::{MAX_TASKS, parse_task_gist};

fuzz_target!(|document: &[u8]| {
    assert!(parse_submission_gist(document).pairs.len() <= MAX_PAIRS);
    assert!(parse_task_gist(document).tasks.len() <= MAX_TASKS);
});
