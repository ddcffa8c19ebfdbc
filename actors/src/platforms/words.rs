//! A platform's own words about a rejection, in a form that can be shown: bounded, and without keys.

/// Most characters of a platform's own words that are kept.
const MOST_CHARACTERS: usize = 200;

/// What replaces a secret.
const HIDDEN: &str = "<key>";

/// How the keys of Google, and the tokens of Apify, begin.
const SECRET_STARTS: [&str; 2] = ["AIza", "apify_api_"];

/// Words that a key may follow.
const SECRET_NAMES: [&str; 4] = ["api_key", "apikey", "key", "token"];

/// Least length of a word of letters and digits that may be a key.
const SHORTEST_SECRET: usize = 20;

/// A platform's words without `secret`, without anything that looks like another secret, and without terminal control
/// characters.
pub(crate) fn shown_words(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, HIDDEN) };
    let mut shown = String::new();
    let mut before = "";
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        let length = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
        if length == 0 {
            shown.push(if letter.is_control() { ' ' } else { letter });
            rest = &rest[letter.len_utf8()..];
            if !matches!(letter, ':' | '=' | ' ' | '"' | '\'') {
                before = "";
            }
            continue;
        }
        let (word, further) = rest.split_at(length);
        let follows_name = SECRET_NAMES.contains(&before) && further_is_value(&shown);
        shown.push_str(if is_secret(word) || follows_name { HIDDEN } else { word });
        (before, rest) = (word, further);
    }
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(MOST_CHARACTERS).collect()
}

const fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')
}

/// Whether what was shown so far says that a value follows.
fn further_is_value(shown: &str) -> bool {
    let end = shown.trim_end_matches([' ', '"', '\'']);
    end.ends_with([':', '='])
}

fn is_secret(word: &str) -> bool {
    let has = |wanted: fn(&char) -> bool| word.chars().any(|letter| wanted(&letter));
    let is_long = word.len() >= SHORTEST_SECRET && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    is_long || SECRET_STARTS.iter().any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_shown_and_keys_are_not() {
        for (text, expected) in [
            ("API key not valid. Please pass a valid API key.", "API key not valid. Please pass a valid API key."),
            ("Consumer 'api_key:my-key' has been suspended.", "Consumer 'api_key:<key>' has been suspended."),
            ("Consumer 'api_key:other' has been suspended.", "Consumer 'api_key:<key>' has been suspended."),
            ("key=abc was refused", "key=<key> was refused"),
            ("token: \"abc\"", "token: \"<key>\""),
            ("bad key AIzaSyD3m0", "bad key <key>"),
            ("apify_api_x1y2 is unknown", "<key> is unknown"),
            ("project 123456789012 has not used YouTube", "project 123456789012 has not used YouTube"),
            ("see 0123456789abcdef0123456789abcdef", "see <key>"),
            ("two\nlines\u{1b}[31m of  text", "two lines [31m of text"),
            ("", ""),
        ] {
            assert_eq!(shown_words(text, "my-key"), expected, "{text:?}");
        }
        assert_eq!(shown_words(&"é ".repeat(1_000), "").chars().count(), MOST_CHARACTERS);
    }
}
