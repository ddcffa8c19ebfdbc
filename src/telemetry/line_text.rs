//! What a log line may contain, no matter who wrote the text: us, a miner, a client, a node, a platform.
//!
//! Everything that is not visible text is escaped ([`visible`]), and each field and each line is cut at a maximum length, with a
//! note of its full length.

use crate::config::LogFormat;
use crate::text::visible::{CutMark, LONGEST_FIELD_BYTES, cut, push_escaped, visible};
use std::fmt::Write;

/// Longest line, bytes. A longer one is mostly somebody's data, and would fill the queue.
pub(super) const LONGEST_LINE_BYTES: usize = 16 * 1024;
/// What the mark of a cut may take of a line, bytes.
const CUT_MARK_BYTES: usize = 64;
const ESCAPE: char = '\u{1b}';

/// One event as the formatter wrote it, made into one line with its line break. `color` lets the escape character
/// pass: then the formatter itself uses it, and what came with data is escaped already.
pub(super) fn one_line(event: &str, format: LogFormat, color: bool) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    if format == LogFormat::Json && event.len() > LONGEST_FIELD_BYTES {
        return json_line(event) + "\n";
    }
    let mut line = String::with_capacity(event.len() + 1);
    if color {
        for (index, piece) in event.split(ESCAPE).enumerate() {
            line.extend((index > 0).then_some(ESCAPE));
            push_escaped(&mut line, piece);
        }
    } else {
        push_escaped(&mut line, event);
    }
    if line.len() > LONGEST_LINE_BYTES {
        let mark = CutMark(line.len());
        cut(&mut line, LONGEST_LINE_BYTES - CUT_MARK_BYTES);
        // The colours of the formatter may have lost their end.
        let _ = write!(line, "{}{mark}", if color { "\u{1b}[0m" } else { "" });
    }
    line.push('\n');
    line
}

/// A long event with its long texts cut, so that it stays an object.
fn json_line(event: &str) -> String {
    let left_out = || format!("{{\"level\":\"WARN\",\"message\":\"a line of {} bytes was dropped\"}}", event.len());
    let Ok(mut object) = serde_json::from_str::<serde_json::Value>(event) else { return left_out() };
    cut_texts(&mut object);
    let line = visible(&object.to_string());
    if line.len() > LONGEST_LINE_BYTES { left_out() } else { line }
}

fn cut_texts(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) if text.len() > LONGEST_FIELD_BYTES => {
            let mark = CutMark(text.len());
            cut(text, LONGEST_FIELD_BYTES);
            let _ = write!(text, "{mark}");
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(cut_texts),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(cut_texts),
        _ => {}
    }
}

/// A line of our own, for when there is no subscriber to write it through.
pub(super) fn warning(format: LogFormat, text: &str) -> String {
    let time = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let line = match format {
        LogFormat::Text => format!("{time}  WARN tensorflix::telemetry: {text}"),
        LogFormat::Json => {
            serde_json::json!({ "timestamp": time, "level": "WARN", "target": "tensorflix::telemetry", "message": text })
                .to_string()
        }
    };
    one_line(&line, format, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_data_holds_becomes_one_visible_line() {
        for (event, color, line) in [
            ("plain ünï 日本\n", false, "plain ünï 日本\n"),
            ("no break", false, "no break\n"),
            ("two\nlines\r\n", false, "two\\nlines\\u000d\n"),
            ("red\u{1b}[31m", false, "red\\u001b[31m\n"),
            ("ours \u{1b}[2m, tab\t", true, "ours \u{1b}[2m, tab\\u0009\n"),
            ("c1 \u{9b}31m nul \0", true, "c1 \\u009b31m nul \\u0000\n"),
            ("rtl \u{202e} sep \u{2028}", false, "rtl \\u202e sep \\u2028\n"),
        ] {
            assert_eq!(one_line(event, LogFormat::Text, color), line, "{event:?}");
        }
    }

    #[test]
    fn long_lines_are_cut_and_json_stays_json() {
        let long = "ü".repeat(LONGEST_LINE_BYTES);
        let text = one_line(&long, LogFormat::Text, false);
        assert!(text.len() <= LONGEST_LINE_BYTES + 1 && text.ends_with("(cut: 32768 bytes)\n"), "{}", text.len());
        let json = one_line(&format!("{{\"message\":\"{long}\"}}"), LogFormat::Json, false);
        let json: serde_json::Value = serde_json::from_str(&json).expect("an object");
        let message = json["message"].as_str().expect("a text");
        assert!(
            message.len() < LONGEST_FIELD_BYTES + CUT_MARK_BYTES && message.ends_with("(cut: 32768 bytes)"),
            "{message}"
        );
    }

    #[test]
    fn an_object_of_long_or_unreadable_texts_is_left_out_with_its_length() {
        let many: Vec<String> = (0..20).map(|name| format!("\"{name}\":\"{}\"", "\\u001b".repeat(2_000))).collect();
        for event in [format!("{{{}}}", many.join(",")), "x".repeat(LONGEST_LINE_BYTES)] {
            let line = one_line(&event, LogFormat::Json, false);
            assert!(line.contains(&format!("a line of {} bytes was dropped", event.len())), "{line}");
            assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
        }
    }
}
