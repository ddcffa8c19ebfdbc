//! `check-tasks`.

use super::{MINERS, check_text, committed, first, result, world, write};
use crate::support::{HeldSandbox, check_exit, finished, folder, json};
use serde_json::Value;
use tensorflix_sandbox::world::Conduct;

#[test]
fn a_task_gist_is_shown_line_by_line_with_the_place_of_what_is_wrong() {
    let folder = folder();
    let _sandbox = HeldSandbox::start(folder.path(), &[]);
    let validator = world(MINERS).validator().clone();
    let gist = format!("{}:{}", validator.username, validator.gist_id);
    let check = |source: &str, code: i32| {
        let output = finished(folder.path(), &["check-tasks", source, "--config", "w.toml", "--output", "json"]);
        check_exit(&output, code);
        json(&output)
    };
    // The sandbox's validator closed the editor too early, on the last of five lines.
    let left = check(&gist, 1);
    assert_eq!((left["tasks"].as_array().map(Vec::len), left["problems"].as_array().map(Vec::len)), (Some(3), Some(1)));
    assert_eq!((&left["problems"][0]["line"], &left["problems"][0]["column"]), (&Value::from(5), &Value::from(71)));
    assert_eq!((result(&left, "gist"), &left["tasks"][1]["line"]), ("good".to_owned(), &Value::from(3)));

    let task = |id: &str| {
        format!(r#"{{"{id}": {{"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}}}}"#)
    };
    let lines =
        format!("\u{feff}{}\r\n\r\n  {{\"bad\": [}}\r\n{}\r\n", task("a"), task("b").replace("youtube", "tiktok"));
    write(folder.path(), "tasks.jsonl", lines);
    let bad = check("tasks.jsonl", 1);
    let places: Vec<_> = bad["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|problem| (problem["line"].as_u64().unwrap_or(0), problem["column"].as_u64().unwrap_or(0)))
        .collect();
    assert_eq!(places, [(1, 1), (3, 12), (4, 40)], "{bad}");
    assert_eq!(bad["tasks"].as_array().map(Vec::len), Some(1));
    let text = finished(folder.path(), &["check-tasks", "tasks.jsonl"]);
    check_exit(&text, 1);
    let text = check_text(&text);
    assert!(
        text.contains("3:12") && text.contains("4:40") && text.ends_with("1 task, 3 problems, 0 warnings\n"),
        "{text}"
    );

    write(folder.path(), "odd.jsonl", task("a").replace("\"d\"", "\" \"").replace("2026", "1996"));
    let odd = check("odd.jsonl", 0);
    assert_eq!(odd["warnings"].as_array().map(Vec::len), Some(2), "{odd}");
    write(folder.path(), "empty.jsonl", "\n");
    check("empty.jsonl", 1);
    let miner = first(&world(MINERS), Conduct::Honest);
    assert_eq!(result(&check(&committed(&miner), 1), "content"), "wrong");
    check_exit(&finished(folder.path(), &["check-tasks", "absent.jsonl"]), 2);
    check_exit(
        &finished(folder.path(), &["check-tasks", &format!("nobody:{}", "0".repeat(32)), "--config", "w.toml"]),
        1,
    );
}

#[test]
fn a_task_over_several_lines_gets_one_hint_and_an_unreadable_id_a_warning() {
    let folder = folder();
    let task = |id: &str| serde_json::json!({ id: { "description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z" } });
    let pretty = serde_json::to_string_pretty(&task("a")).expect("JSON");
    write(folder.path(), "t.jsonl", format!("{pretty}\n{}\n", task("b")));
    let output = finished(folder.path(), &["check-tasks", "t.jsonl", "--output", "json"]);
    check_exit(&output, 1);
    let report = json(&output);
    assert_eq!(
        (report["tasks"].as_array().map(Vec::len), report["problems"].as_array().map(Vec::len)),
        (Some(1), Some(1))
    );
    let reason = report["problems"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("each task must be on one line"), "{reason}");

    write(folder.path(), "t.jsonl", format!("{}\n", task("cats\u{200b}")));
    let output = finished(folder.path(), &["check-tasks", "t.jsonl"]);
    let text = check_text(&output);
    assert!(text.contains("cats\\u200b") && text.contains("zero width space"), "{text}");
    write(folder.path(), "t.jsonl", task("say \"cats\"").to_string().replace("youtube", "you\u{200b}tube"));
    let output = finished(folder.path(), &["check-tasks", "t.jsonl", "--output", "json"]);
    let reason = json(&output)["problems"][0]["reason"].as_str().expect("a reason").to_owned();
    assert!(
        reason.contains("task \"say \"cats\"\"") && reason.contains("U+200B"),
        "quotation marks as they are: {reason}"
    );
}
