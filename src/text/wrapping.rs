//! Lines that fit a terminal, from texts that may hold anything.
//!
//! Written here and not taken from a library: those count columns by their own tables, break at line ends and hyphens or
//! fold blanks, and what is printed must stay the same bytes wherever it is compared.

use super::visible::visible;

/// Characters in a line.
const WIDTH: usize = 80;

/// `words` in lines of a terminal's width, each with a line end: the first behind `indent` and `lead`, the others below
/// the first one's words. A word that is longer than a line stands alone in one.
pub(crate) fn wrapped(indent: &str, lead: &str, words: &str) -> String {
    let hanging = indent.chars().count() + lead.chars().count();
    let mut text = format!("{indent}{lead}");
    let mut column = hanging;
    for (index, word) in words.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            text.push_str(&" ".repeat(hanging));
            column = hanging;
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

/// Appends `text` behind `lead`, broken between words where it has blanks and anywhere else where it has none. Further
/// lines begin below the text. Everything that is not visible is escaped.
pub(crate) fn put(page: &mut String, lead: &str, text: &str) {
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
