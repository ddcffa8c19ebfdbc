//! What a line of a log may hold.
//!
//! Here everything is escaped that is not visible text, in a form that is also valid within JSON: what drives a
//! terminal, and line breaks and marks of writing direction, with which data could look like an entry of its own.

use std::fmt::Write;

use crate::config::LogFormat;

/// Longest line, bytes. A longer one is mostly somebody's data, and would fill the queue.
pub(super) const LONGEST_LINE_BYTES: usize = 64 * 1024;
const ESCAPE: char = '\u{1b}';

/// One event as the formatter wrote it, made into one line with its line break. `color` lets the escape character
/// pass: then the formatter itself uses it, and what came with data is escaped already.
pub(super) fn one_line(event: &str, format: LogFormat, color: bool) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    let mut line = String::with_capacity(event.len() + 1);
    if color {
        for (index, piece) in event.split(ESCAPE).enumerate() {
            line.extend((index > 0).then_some(ESCAPE));
            push_escaped(&mut line, piece);
        }
    } else {
        push_escaped(&mut line, event);
    }
    if line.len() >= LONGEST_LINE_BYTES {
        line = shortened(&line, format);
    }
    line.push('\n');
    line
}

/// Appends `text` with everything escaped that is not visible.
pub(super) fn push_escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            _ if is_unsafe(character) => {
                // Writing into a String does not fail.
                let _ = write!(line, "\\u{:04x}", u32::from(character));
            }
            _ => line.push(character),
        }
    }
}

/// `text` with everything escaped that is not visible.
pub(crate) fn visible(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    push_escaped(&mut line, text);
    line
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

/// Control characters, line separators, and marks that turn the direction of writing.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn shortened(line: &str, format: LogFormat) -> String {
    let length = line.len();
    match format {
        LogFormat::Text => {
            let mut end = LONGEST_LINE_BYTES / 2;
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            format!("{} … (cut: {length} bytes)", &line[..end])
        }
        // Half an object is no object.
        LogFormat::Json => format!("{{\"level\":\"WARN\",\"message\":\"a line of {length} bytes was left out\"}}"),
    }
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
        assert!(text.len() < LONGEST_LINE_BYTES && text.ends_with("(cut: 131072 bytes)\n"), "{}", text.len());
        let json = one_line(&format!("{{\"message\":\"{long}\"}}"), LogFormat::Json, false);
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
    }
}
