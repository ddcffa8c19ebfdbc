//! Tasks that were written over several lines, as editors and formatters do: they are recognised, so that one hint
//! replaces a problem for each of their lines.

use crate::problem::{Place, Places, Problem};
use serde_json::value::RawValue;

/// A value that goes over several lines: where it begins, and its last line.
#[derive(Clone, Copy, PartialEq)]
struct Span {
    begin: Place,
    last: u32,
}

/// Unclosed values that are followed: each is read to the end of the document.
const MOST_UNCLOSED: usize = 8;

/// Problems, with one hint for each value that spans several lines in place of the problems of its lines.
pub(crate) fn gathered(document: &[u8], problems: Vec<Problem>) -> Vec<Problem> {
    let spans = values_over_several_lines(document);
    if spans.is_empty() {
        return problems;
    }
    let span_of = |problem: &Problem| {
        let line = problem.line?;
        spans.iter().copied().find(|span| (span.begin.line..=span.last).contains(&line))
    };
    let (mut gathered, mut told) = (Vec::new(), Vec::new());
    for problem in problems {
        match span_of(&problem) {
            // "More were left out" refers to the lines that the hint replaces.
            None if problem.line.is_none() && !told.is_empty() => {}
            None => gathered.push(problem),
            Some(span) if told.contains(&span) => {}
            Some(span) => {
                told.push(span);
                gathered.push(Problem::at(span.begin, hint(span)));
            }
        }
    }
    gathered
}

fn hint(Span { begin, last }: Span) -> String {
    format!(
        "this is written over several lines (to line {last}), and each task must be on one line of its own: write \
         {{\"task-id\": {{\"description\": …}}}} in line {}",
        begin.line
    )
}

/// The values that begin in one line and end in a later one. Invalid JSON that begins as such a value does counts to
/// the end of the document.
fn values_over_several_lines(document: &[u8]) -> Vec<Span> {
    let Ok(text) = std::str::from_utf8(document) else { return Vec::new() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut places = Places::new(text, 1);
    let (mut spans, mut offset, mut unclosed) = (Vec::new(), 0, 0);
    while let Some(blank) = text[offset..].find(|character: char| !character.is_ascii_whitespace()) {
        offset += blank;
        let begin = places.at(offset);
        let mut values = serde_json::Deserializer::from_str(&text[offset..]).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(_)) => {
                offset += values.byte_offset().max(1);
                let last = places.at(offset).line;
                if last > begin.line {
                    spans.push(Span { begin, last });
                }
            }
            failed => {
                let line_end = text[offset..].find('\n').map_or(text.len(), |length| offset + length);
                let goes_on = text[offset..line_end].trim_end().ends_with(['{', '[', ',']) && line_end < text.len();
                unclosed += usize::from(matches!(failed, Some(Err(error)) if error.is_eof()));
                if goes_on && text[offset..].starts_with(['{', '[']) {
                    spans.push(Span { begin, last: places.at(text.trim_end().len()).line });
                    break;
                }
                if unclosed > MOST_UNCLOSED {
                    break;
                }
                // A bad line of its own, which affects no other.
                offset = line_end;
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use crate::task::parse_task_gist;

    fn check(document: &str, tasks: usize, lines: &[u32]) {
        let gist = parse_task_gist(document.as_bytes());
        assert_eq!(gist.tasks.len(), tasks, "{document}");
        let found: Vec<Option<u32>> = gist.problems.iter().map(|problem| problem.line).collect();
        let expected: Vec<Option<u32>> = lines.iter().copied().map(Some).collect();
        assert_eq!(found, expected, "{:?}", gist.problems);
    }

    const BODY: &str = r#"{"description": "d", "platform": "youtube", "start_at": "2026-08-01T00:00:00Z"}"#;

    fn pretty(ids: &[&str]) -> String {
        let body: serde_json::Value = serde_json::from_str(BODY).expect("JSON");
        let tasks: serde_json::Map<String, serde_json::Value> =
            ids.iter().map(|id| ((*id).to_owned(), body.clone())).collect();
        serde_json::to_string_pretty(&tasks).expect("JSON")
    }

    #[test]
    fn tasks_over_several_lines_are_one_problem_that_says_so() {
        check(&pretty(&["a"]), 0, &[1]);
        check(&pretty(&["a", "b", "c"]), 0, &[1]);
        check(&format!("\n\n{}\n", pretty(&["a"])), 0, &[3]);
        check(&format!("[\n{},\n{}\n]", pretty(&["a"]), pretty(&["b"])), 0, &[1]);
        check(&format!("{}\n{}", pretty(&["a"]), pretty(&["b"])), 0, &[1, 8]);
        check(&pretty(&["a"]).replace("}\n}", "},\n}"), 0, &[1]);
        check(&pretty(&["a"]).replace('\n', "\r\n"), 0, &[1]);
        check(&pretty(&(0..30).map(|_| "x").collect::<Vec<_>>()), 0, &[1]);
        let reason = parse_task_gist(pretty(&["a"]).as_bytes()).problems.remove(0).reason;
        assert!(reason.contains("each task must be on one line"), "{reason}");
    }

    #[test]
    fn lines_beside_them_are_read_and_keep_their_own_problems() {
        let line = format!("{{\"line\": {BODY}}}");
        check(&format!("{line}\n{}", pretty(&["a"])), 1, &[2]);
        check(&format!("{}\n{line}", pretty(&["a"])), 1, &[1]);
        check(&format!("{}\nbroken\n{line}", pretty(&["a"])), 1, &[1, 8]);
        check(&format!("broken {{\n{line}"), 1, &[1]);
        let unclosed = "[1,\n".repeat(60_000);
        check(&format!("x\n{unclosed}"), 0, &[1, 2]);
        check(&format!("{line}\nnot json\n[1]"), 1, &[2, 3]);
    }
}
