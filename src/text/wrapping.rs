//! Lines that fit a terminal, from texts that may hold anything.
//!
//! Not a library's: `textwrap` counts wide letters as two columns, breaks at line ends and drops trailing blanks, which would
//! change the output of `explain` and the checks.

use super::visible::visible;

/// Characters in a line.
const WIDTH: usize = 80;

/// What becomes of a word that is longer than a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LongWords {
    /// It gets a line of its own.
    Whole,
    /// It is broken where the line ends.
    Broken,
}

/// `words` in lines of at most `room` characters, broken between words.
fn lines<'a>(words: impl Iterator<Item = &'a str>, room: usize, long_words: LongWords) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for (index, word) in words.enumerate() {
        if index > 0 && used + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if index > 0 {
            line.push(' ');
            used += 1;
        }
        for character in word.chars() {
            if used == room && long_words == LongWords::Broken {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += 1;
        }
    }
    lines.push(line);
    lines
}

/// `words` in lines of a terminal's width, each with a line end: the first behind `indent` and `lead`, the others below
/// the first one's words. A word that is longer than a line gets a line of its own.
pub(crate) fn wrapped(indent: &str, lead: &str, words: &str) -> String {
    let hanging = indent.chars().count() + lead.chars().count();
    let lines = lines(words.split(' '), WIDTH.saturating_sub(hanging), LongWords::Whole);
    format!("{indent}{lead}{}\n", lines.join(&format!("\n{}", " ".repeat(hanging))))
}

/// Appends `text` behind `lead`, broken between words where it has blanks and anywhere else where it has none. Further
/// lines begin below the text. Everything that is not visible is escaped.
pub(crate) fn put(page: &mut String, lead: &str, text: &str) {
    let hanging = lead.chars().count();
    let text = visible(text);
    let words = text.split(' ').filter(|word| !word.is_empty());
    let mut begin = lead.to_owned();
    for line in lines(words, WIDTH.saturating_sub(hanging), LongWords::Broken) {
        page.push_str(format!("{begin}{line}").trim_end());
        page.push('\n');
        begin = " ".repeat(hanging);
    }
}

/// The beginning of a text, on one line of so many characters.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    let shown = visible(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_below_each_other_and_nothing_is_lost() {
        let words = "a short word and averyveryverylongwordthatisquiteasmuchasalineholdsandthenafewmorelettersmore end";
        let text = wrapped("  ", "Lead  ", &format!("{words} {words}"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("  Lead  a short word and"));
        assert!(lines[1..].iter().all(|line| line.starts_with("        ") && !line[8..].starts_with(' ')));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH || line.trim().split(' ').count() == 1));
        let again: Vec<&str> = text.split_whitespace().skip(1).collect();
        assert_eq!(again.join(" "), format!("{words} {words}"));
        assert_eq!(wrapped("", "- ", ""), "- \n");
    }

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
