//! Characters of an id that are invisible, or look like others: named, so that the author of the id can correct it.
//!
//! Nothing here changes an id: one with such a character is another id, or none. This only reports it.

use std::fmt::Write;

/// Characters in a text that are named one by one.
const MOST_NAMED: usize = 3;

/// A character that is invisible, or looks like another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The character.
    pub character: char,
    /// Its place in the text, in characters from 1.
    pub place: usize,
}

/// Whether a character is invisible everywhere in a text, or is drawn as another one.
pub fn is_hidden(character: char) -> bool {
    (character.is_whitespace() && character != ' ') || name_of(character).is_some()
}

/// The hidden characters of an id, blanks at its beginning and end among them.
pub fn hidden(id: &str) -> Vec<Hidden> {
    let count = id.chars().count();
    let first = id.chars().take_while(|character| *character == ' ').count();
    let last = count - id.chars().rev().take_while(|character| *character == ' ').count();
    let places = id.chars().enumerate().filter(|(index, character)| {
        is_hidden(*character) || (*character == ' ' && (*index < first || *index >= last))
    });
    places.map(|(index, character)| Hidden { character, place: index + 1 }).collect()
}

/// An id with everything escaped that is hidden in it.
pub fn escaped(id: &str) -> String {
    let hidden = hidden(id);
    let mut text = String::with_capacity(id.len());
    for (index, character) in id.chars().enumerate() {
        if hidden.iter().any(|one| one.place == index + 1) {
            // Writing to a text does not fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// An id as it was most likely meant: without invisible characters, and with the ASCII characters that others look
/// like.
pub fn cleaned(id: &str) -> String {
    let hidden = hidden(id);
    let keep = |(index, character): (usize, char)| {
        let is_hidden = hidden.iter().any(|one| one.place == index + 1);
        if is_hidden { ascii_of(character) } else { Some(character) }
    };
    id.chars().enumerate().filter_map(keep).collect()
}

/// What is hidden in an id, in words with places; `None` if nothing is.
pub fn described(id: &str) -> Option<String> {
    let hidden = hidden(id);
    if hidden.is_empty() {
        return None;
    }
    let count = id.chars().count();
    let named = hidden.iter().take(MOST_NAMED).map(|Hidden { character, place }| {
        let name = name_of(*character).unwrap_or("white space");
        let alike = ascii_of(*character).map(|alike| format!(" that looks like {alike}")).unwrap_or_default();
        let at = match *place {
            1 => "at the beginning".to_owned(),
            last if last == count => "at the end".to_owned(),
            place => format!("as character {place}"),
        };
        format!("{name}{alike} (U+{:04X}) {at}", u32::from(*character))
    });
    let named: Vec<String> = named.collect();
    let more = hidden.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(named.join(", ") + &more)
}

/// The ASCII character that a full-width one looks like.
fn ascii_of(character: char) -> Option<char> {
    const DISTANCE: u32 = 0xfee0;
    matches!(character, '\u{ff01}'..='\u{ff5e}').then(|| char::from_u32(u32::from(character) - DISTANCE)).flatten()
}

/// The name of a hidden character. The ranges are Unicode's: format characters, fillers that have no shape, tags,
/// variation selectors, and full-width forms.
fn name_of(character: char) -> Option<&'static str> {
    Some(match character {
        '\t' => "tab",
        '\n' | '\r' => "line break",
        '\u{a0}' | '\u{202f}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' | '\u{61c}' => "right-to-left mark",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "mark of writing direction",
        '\u{2028}' | '\u{2029}' => "line separator",
        '\u{2060}' => "word joiner",
        '\u{feff}' => "byte order mark",
        '\u{3000}' => "ideographic space",
        '\u{ff01}'..='\u{ff5e}' => "full-width character",
        '\u{34f}' | '\u{180b}'..='\u{180f}' | '\u{2061}'..='\u{2065}' | '\u{206a}'..='\u{206f}' => {
            "invisible character"
        }
        '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' => "empty letter",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "variation selector",
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => "invisible character",
        control if control.is_control() => "control character",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_in_an_id_is_named_with_its_place_and_shown() {
        for (id, shown, words) in [
            ("dQw4w9WgXcQ ", "dQw4w9WgXcQ\\u0020", "white space (U+0020) at the end"),
            ("dQw4w9WgXcQ\u{200b}", "dQw4w9WgXcQ\\u200b", "zero width space (U+200B) at the end"),
            ("\u{feff}dQw4w9WgXcQ", "\\ufeffdQw4w9WgXcQ", "byte order mark (U+FEFF) at the beginning"),
            ("dQw4\u{a0}w9WgXcQ", "dQw4\\u00a0w9WgXcQ", "no-break space (U+00A0) as character 5"),
            ("dQw4w9WgXc\u{202e}Q", "dQw4w9WgXc\\u202eQ", "mark of writing direction (U+202E) as character 11"),
            ("\u{200f}dQw4w9WgXcQ", "\\u200fdQw4w9WgXcQ", "right-to-left mark"),
            ("ｄQw4w9WgXcQ", "\\uff44Qw4w9WgXcQ", "full-width character that looks like d (U+FF44) at the beginning"),
            ("dQw4w9WgXcQ\t", "dQw4w9WgXcQ\\u0009", "tab"),
            ("dQw4w9WgXcQ\u{e0020}", "dQw4w9WgXcQ\\ue0020", "invisible character"),
        ] {
            assert_eq!(escaped(id), shown);
            let described = described(id).expect("something is hidden");
            assert!(described.contains(words), "{described}");
            assert_eq!(cleaned(id), "dQw4w9WgXcQ", "{id:?}");
        }
    }

    #[test]
    fn what_can_be_seen_is_left_as_it_is_and_many_are_counted() {
        for id in ["dQw4w9WgXcQ", "cats & dogs", "日本語", "ünï", ""] {
            assert_eq!((escaped(id).as_str(), cleaned(id).as_str(), described(id)), (id, id, None));
        }
        assert!(described(&"\u{200b}".repeat(9)).is_some_and(|words| words.ends_with("and 6 more")));
    }
}
