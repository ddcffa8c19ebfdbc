//! Lines that fit a terminal, from texts that may hold anything.

use super::{Check, counted};
use crate::telemetry::visible;
use tensorflix_domain::problem::Problem;

/// Characters in a line.
const WIDTH: usize = 80;

/// Appends `text` behind `lead`, broken between words where it has blanks and anywhere else where it has none. Further
/// lines begin below the text. Everything that is not visible is escaped.
pub(super) fn put(page: &mut String, lead: &str, text: &str) {
    let indent = lead.chars().count();
    let room = WIDTH - indent;
    let (mut line, mut used) = (String::new(), 0);
    let mut begin = lead.to_owned();
    let mut finish = |line: &mut String, used: &mut usize| {
        page.push_str(format!("{begin}{line}").trim_end());
        page.push('\n');
        begin = " ".repeat(indent);
        line.clear();
        *used = 0;
    };
    for word in visible(text).split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            finish(&mut line, &mut used);
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for character in word.chars() {
            if used == room {
                finish(&mut line, &mut used);
            }
            line.push(character);
            used += 1;
        }
    }
    finish(&mut line, &mut used);
}

/// The beginning of a text, on one line of so many characters.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// One line for each check.
pub(super) fn put_checks(page: &mut String, checks: &[Check]) {
    for Check { check, result, detail } in checks {
        put(page, "  ", &format!("{}: {check}: {detail}", result.words()));
    }
}

/// A problem with its place in front.
pub(super) fn put_problem(page: &mut String, word: &str, problem: &Problem) {
    put(page, &place(problem.line, problem.column), &format!("{word}: {}", problem.reason));
}

/// `line:column` in a column of its own.
pub(super) fn place(line: Option<u32>, column: Option<u32>) -> String {
    let place = match (line, column) {
        (Some(line), Some(column)) => format!("{line}:{column}"),
        (Some(line), None) => line.to_string(),
        (None, _) => String::new(),
    };
    format!("{place:>7}  ")
}

/// The last line: how much of what.
pub(super) fn put_summary(page: &mut String, parts: &[(usize, &str)]) {
    let parts: Vec<String> = parts.iter().map(|(count, what)| counted(*count, what)).collect();
    page.push('\n');
    put(page, "", &parts.join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_a_terminal_and_nothing_is_lost() {
        for text in
            ["", "one", &"word ".repeat(60), &"x".repeat(500), &format!("a {} b", "é".repeat(90)), "a\u{1b}[31m\nb"]
        {
            let mut page = String::new();
            put(&mut page, "  12:3  ", text);
            assert!(page.lines().all(|line| line.chars().count() <= WIDTH), "{page}");
            assert!(page.lines().skip(1).all(|line| line.starts_with("        ")), "{page}");
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            assert_eq!(letters(&page), letters(&format!("12:3{}", visible(text))));
            assert!(!page.contains('\u{1b}'));
        }
    }

    #[test]
    fn an_excerpt_is_visible_and_fits() {
        assert_eq!(excerpt("a\nb", 10), "a\\nb");
        assert_eq!(excerpt(&"é".repeat(11), 10), "é".repeat(9) + "…");
    }
}
