//! `audit` reads a recorded cycle and says what to look at.

use super::support::{check_exit, folder, json, stdout};
use super::{demo_store, on_store};

/// The columns of a terminal.
const TERMINAL_WIDTH: usize = 80;

#[test]
fn an_audit_of_the_demo_names_its_shared_gist_and_its_ties_in_words_and_as_json() {
    let folder = folder();
    demo_store(folder.path());
    let output = on_store(folder.path(), &["audit", "--output", "json"]);
    check_exit(&output, 0);
    let audited = json(&output);
    let hints = audited["hints"].as_array().expect("hints");
    assert!(!hints.is_empty(), "the demo has copiers");
    let text = on_store(folder.path(), &["audit"]);
    check_exit(&text, 0);
    let text = stdout(&text);
    assert!(text.lines().all(|line| line.chars().count() <= TERMINAL_WIDTH), "{text}");
    assert_eq!(text.matches("\n- ").count(), hints.len(), "{text}");
    for hint in hints {
        let uid = hint["uid"].as_u64().or(hint["uids"][0].as_u64()).expect("a uid");
        assert!(text.contains(&uid.to_string()), "{hint} in {text}");
    }
    let unknown = on_store(folder.path(), &["audit", "--cycle", "999"]);
    check_exit(&unknown, 1);
}
