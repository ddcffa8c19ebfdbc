//! Whatever strangers write, reading it ends, panics nowhere, and stays within its bounds.

#![allow(clippy::expect_used, reason = "a test that cannot build its input must fail")]

use proptest::prelude::*;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::ownership::owner_tag;
use tensorflix_domain::problem::{MAX_PROBLEMS, Place, Problem};
use tensorflix_domain::submission::{GistKind, MAX_ID_BYTES, MAX_PAIRS, SubmissionGist, parse_submission_gist};
use tensorflix_domain::task::{MAX_TASKS, TaskGist, parse_task_gist};

/// The size of a gist that is still read.
const DOCUMENT_BYTES: usize = 262_144;

/// The longest reason: a few words of ours and an excerpt, of which each character may take ten to show.
const LONGEST_REASON_BYTES: usize = 800;

fn check_places(document: &[u8], places: &[Place], problems: &[Problem]) {
    let lines: Vec<&[u8]> = document.split(|byte| *byte == b'\n').collect();
    let is_inside = |line: u32, column: u32| {
        let text = lines.get(line as usize - 1).expect("a line of the document");
        (1..=text.len() + 1).contains(&(column as usize))
    };
    assert!(places.iter().all(|place| is_inside(place.line, place.column)), "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
    assert!(problems.len() <= MAX_PROBLEMS);
    for problem in problems {
        assert!(problem.reason.len() <= LONGEST_REASON_BYTES, "{problem:?}");
        assert!(!problem.reason.chars().any(char::is_control), "{problem:?}");
        match (problem.line, problem.column) {
            (Some(line), Some(column)) => assert!(is_inside(line, column), "{problem:?}"),
            (line, column) => assert_eq!((line, column), (None, None), "{problem:?}"),
        }
    }
}

/// Reads a document both ways and checks what holds for any document.
fn check(document: &[u8]) -> (SubmissionGist, TaskGist) {
    let submissions = parse_submission_gist(document);
    check_places(document, &submissions.places, &submissions.problems);
    assert_eq!(submissions.pairs.len(), submissions.places.len());
    assert!(submissions.pairs.len() <= MAX_PAIRS);
    for pair in &submissions.pairs {
        assert!(pair.task_id.len().max(pair.content_id.len()) <= MAX_ID_BYTES);
    }
    match submissions.kind {
        GistKind::Submissions => {}
        GistKind::Tasks => assert!(submissions.pairs.is_empty() && submissions.problems.is_empty()),
        GistKind::Unreadable => assert!(submissions.pairs.is_empty() && !submissions.problems.is_empty()),
    }
    let tasks = parse_task_gist(document);
    check_places(document, &tasks.places, &tasks.problems);
    assert_eq!(tasks.tasks.len(), tasks.places.len());
    assert!(tasks.tasks.len() <= MAX_TASKS);
    for (earlier, task) in tasks.tasks.iter().enumerate() {
        assert!(tasks.tasks[..earlier].iter().all(|other| other.id != task.id), "{} twice", task.id);
        assert!(task.end_at.is_none_or(|end_at| end_at > task.start_at));
    }
    (submissions, tasks)
}

fn good_submissions() -> String {
    let pairs: Vec<String> = (0..6).map(|number| format!("  [\"tâche {number}\", \"dQw4w9WgXc{number}\"]")).collect();
    format!("{{\"note\": [1, {{\"a\": null}}], \"submissions\": [\r\n{}\r\n]}}\n", pairs.join(",\r\n"))
}

fn good_tasks() -> String {
    let task = |number: u32| {
        format!(
            "{{\"task {number}\": {{\"description\": \"d\\u00e9 {number} 漢\", \"platform\": \"youtube\", \
             \"start_at\": \"2026-08-01T00:00:00+02:00\", \"end_at\": null, \"more\": {{}}}}}}\n"
        )
    };
    (0..4).map(task).collect()
}

/// One change to a document.
#[derive(Clone, Debug)]
enum Change {
    Put(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index, usize),
    Flip(prop::sample::Index, u8),
    Repeat(prop::sample::Index, usize),
    End(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let token = prop::sample::select(vec![
        &b"\0"[..],
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\"",
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"1e999",
        b"-",
        b"null",
        b"99999999999999999999999",
        b"\"__proto__\":",
        b"\"platform\": 1,",
        b"\x1b[31m",
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "\u{202e}".as_bytes(),
        b"\"submissions\": [],",
    ]);
    let index = || any::<prop::sample::Index>();
    prop_oneof![
        (index(), token.prop_map(<[u8]>::to_vec)).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        (index(), 1..40_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (index(), 1..80_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        index().prop_map(Change::End),
    ]
}

fn changed(document: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = document.as_bytes().to_vec();
    for change in changes {
        let place = |index: &prop::sample::Index| index.index(bytes.len() + 1);
        match change {
            Change::Put(index, more) => drop(bytes.splice(place(index)..place(index), more.iter().copied())),
            Change::Cut(index, length) => drop(bytes.drain(place(index)..(place(index) + length).min(bytes.len()))),
            Change::Flip(index, byte) => {
                let at = place(index);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Change::Repeat(index, length) => {
                let at = place(index);
                let again = bytes[at..(at + length).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, again));
            }
            Change::End(index) => bytes.truncate(place(index)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(document in prop::collection::vec(any::<u8>(), 0..600)) {
        check(&document);
    }

    #[test]
    fn any_json_like_text_is_read(document in "[\\[\\]{}\",:\\\\ \n\r0-9eu\u{0}\u{feff}é漢a-c_-]{0,300}") {
        check(document.as_bytes());
    }

    #[test]
    fn a_submission_gist_with_any_damage_is_read(changes in prop::collection::vec(change(), 0..6)) {
        check(&changed(&good_submissions(), &changes));
    }

    #[test]
    fn a_task_gist_with_any_damage_is_read(changes in prop::collection::vec(change(), 0..6)) {
        check(&changed(&good_tasks(), &changes));
    }

    #[test]
    fn damage_in_one_line_of_tasks_costs_only_that_line(
        line in 0..4_usize,
        garbage in prop::collection::vec(any::<u8>().prop_filter("a line", |byte| *byte != b'\n'), 0..200),
    ) {
        let good = good_tasks();
        let mut lines: Vec<&[u8]> = good.as_bytes().split(|byte| *byte == b'\n').collect();
        let whole = parse_task_gist(good.as_bytes()).tasks;
        lines[line] = &garbage;
        let (_, read) = check(&lines.join(&b'\n'));
        let ids: Vec<&str> = read.tasks.iter().map(|task| task.id.as_str()).collect();
        for (number, task) in whole.iter().enumerate().filter(|(number, _)| *number != line) {
            prop_assert!(ids.contains(&task.id.as_str()), "{number} is lost");
        }
    }

    #[test]
    fn a_pointer_is_its_own_text_or_none(text in any::<String>()) {
        if let Ok(pointer) = text.parse::<GistPointer>() {
            prop_assert_eq!(pointer.to_string(), text);
        }
    }

    #[test]
    fn a_pointer_with_any_damage_names_no_other_place(changes in prop::collection::vec(change(), 0..4)) {
        let good = format!("alice-1:{}@{}", "0123456789abcdef".repeat(2), "01234567".repeat(5));
        let text = String::from_utf8_lossy(&changed(&good, &changes)).into_owned();
        if let Ok(pointer) = text.parse::<GistPointer>() {
            prop_assert!(pointer.to_string() == text && text.is_ascii());
            let parts = [Some(pointer.username()), Some(pointer.gist_id()), pointer.revision()];
            for part in parts.into_iter().flatten() {
                prop_assert!(part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{part}");
            }
        }
    }

    #[test]
    fn any_text_and_template_give_a_hotkey_that_stands_in_the_text(
        before in any::<String>(), after in any::<String>(), template in "[a-z:\\[ é]{0,3}(\\{hotkey\\})?[a-z\\] 漢]{0,3}",
        key in any::<[u8; 32]>(), cut in 0..50_usize,
    ) {
        let address = Hotkey::new(key).to_string();
        let shown: String = address.chars().take(cut).collect();
        for text in [format!("{before}{shown}{after}"), format!("{before}{address}{after}"), after] {
            let tag = owner_tag(&text, &template);
            prop_assert_eq!(tag.hotkey.is_some(), tag.named_count > 0);
            if let Some(hotkey) = tag.hotkey {
                prop_assert!(text.contains(&hotkey.to_string()));
            }
        }
    }

    #[test]
    fn an_owner_between_blanks_is_found_in_any_text(before in any::<String>(), after in any::<String>(), key in any::<[u8; 32]>()) {
        let hotkey = Hotkey::new(key);
        let tag = owner_tag(&format!("{before} {hotkey} {after}"), "{hotkey}");
        prop_assert_eq!((tag.hotkey, tag.named_count), (Some(hotkey), 1));
    }
}

#[test]
fn undamaged_documents_are_read_whole() {
    let (submissions, _) = check(good_submissions().as_bytes());
    assert_eq!((submissions.pairs.len(), submissions.problems), (6, Vec::new()));
    let (submissions, tasks) = check(good_tasks().as_bytes());
    assert_eq!((submissions.kind, tasks.tasks.len(), tasks.problems), (GistKind::Tasks, 4, Vec::new()));
}

/// Each of these took time that grows with the square of its size if a place, a key or an item were looked for anew.
#[test]
fn the_largest_hostile_documents_cost_no_more_than_their_size() {
    let filled = |start: &str, piece: &str, end: &str| {
        let room = DOCUMENT_BYTES - start.len() - end.len();
        format!("{start}{}{end}", piece.repeat(room / piece.len()))
    };
    let keys: String = (0..20_000).map(|number| format!("\"k{number}\": 1, ")).collect();
    let task = r#"{"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}"#;
    let ids: String = (0..2_500).map(|number| format!("\"t{number}\": {task}, ")).collect();
    for (document, pairs, tasks) in [
        (filled("", "[", ""), 0, 0),
        (filled("", "\n", ""), 0, 0),
        (filled("", "{}\n", ""), 0, 0),
        (filled("", "{\"a\":[\n", ""), 0, 0),
        (filled("{\"submissions\": [", "[[[", ""), 0, 0),
        (filled("{\"submissions\": [", "0,", "0]}"), 0, 0),
        (filled("{\"submissions\": [", "[],\n", "[]]}"), 0, 0),
        (filled("{\"submissions\": [", "[\"t\",\"c\"],", "[\"t\",\"d\"]]}"), 1, 0),
        (filled("{\"submissions\": [", "[\"\",\n\"\"],", "[]]}"), 1, 0),
        (filled("{\"submissions\": [[\"t\", \"", "\\u0000", "\"]]}"), 0, 0),
        (format!("{{{keys}\"submissions\": [[\"t\", \"c\"]]}}"), 1, 0),
        (filled("{\"a\": ", "[", "") + &"]".repeat(10), 0, 0),
        (format!("{{\"t\": {{{keys}{}", &task[1..]) + "}", 0, 1),
        (format!("{{{ids}\"last\": 1}}"), 0, MAX_TASKS),
        (filled("", &format!("{{\"t\": {task}}}\n"), ""), 0, 1),
        (filled("{", &format!("\"t\": {task}, "), "\"u\": 5}"), 0, 1),
    ] {
        let (submissions, read) = check(document.as_bytes());
        let beginning: String = document.chars().take(60).collect();
        assert_eq!((submissions.pairs.len(), read.tasks.len()), (pairs, tasks), "{beginning}");
    }
}
