//! Untrusted JSON, taken apart one level at a time.
//!
//! Each level gives slices of the text, so that every piece has a place, keys keep their order and their repetitions,
//! and a bad piece affects no other. Nothing here recurses: depth is counted, not followed. Errors are of syntax only,
//! so none of them quotes the text.

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Deepest nesting of lists and objects that is read.
pub(crate) const MAX_DEPTH: usize = 32;

/// One value as it is written in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    /// `{…}`
    Object(&'a str),
    /// `[…]`
    List(&'a str),
    /// `"…"`
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Plain(&'a str),
}

impl<'a> Piece<'a> {
    /// Checks the syntax of a whole text.
    pub(crate) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        Ok(Self::of(serde_json::from_str::<&RawValue>(text)?))
    }

    /// The syntax of a raw value was checked when it was cut out.
    fn of(raw: &'a RawValue) -> Self {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{') => Self::Object(text),
            Some(b'[') => Self::List(text),
            Some(b'"') => Self::Text(text),
            _ => Self::Plain(text),
        }
    }

    /// Its text as written.
    pub(crate) const fn written(self) -> &'a str {
        match self {
            Self::Object(text) | Self::List(text) | Self::Text(text) | Self::Plain(text) => text,
        }
    }

    /// What it is, for people.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::List(_) => "a list",
            Self::Text(_) => "a text",
            Self::Plain("null") => "null",
            Self::Plain("true" | "false") => "true or false",
            Self::Plain(_) => "a number",
        }
    }

    /// The decoded text; `None` for any other kind, and for a text that is not Unicode (half a surrogate pair).
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(written) => serde_json::from_str(written).ok(),
            _ => None,
        }
    }

    /// The keys and values of an object in order, repeated ones too; none for anything else.
    pub(crate) fn entries(self) -> Vec<(Piece<'a>, Piece<'a>)> {
        match self {
            Self::Object(text) => pieces(text, Level::Object),
            _ => Vec::new(),
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(self) -> Vec<Piece<'a>> {
        match self {
            Self::List(text) => pieces(text, Level::List).into_iter().map(|(_, item)| item).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether lists and objects are nested more than [`MAX_DEPTH`] deep.
    pub(crate) fn is_too_deep(self) -> bool {
        let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
        for byte in self.written().bytes() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = in_text,
                b'"' => in_text = !in_text,
                b'[' | b'{' if !in_text => depth += 1,
                b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return true;
            }
        }
        false
    }
}

/// A JSON error in words, without serde's own line and column.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// What to take apart.
#[derive(Clone, Copy)]
enum Level {
    Object,
    List,
}

/// The parts of a text with checked syntax; of a list, each item paired with itself.
fn pieces(text: &str, level: Level) -> Vec<(Piece<'_>, Piece<'_>)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    // Its syntax was checked, so this cannot fail; an empty list is better than a panic.
    level.deserialize(&mut reader).unwrap_or_default()
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Vec<(Piece<'de>, Piece<'de>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self {
            Self::Object => deserializer.deserialize_map(self),
            Self::List => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Vec<(Piece<'de>, Piece<'de>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            entries.push((Piece::of(key), Piece::of(value)));
        }
        Ok(entries)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<&RawValue>()? {
            items.push((Piece::of(item), Piece::of(item)));
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_taken_apart_in_order_with_repetitions() {
        let object = Piece::read(r#" {"a": 1, "a" : [2], "\u0061":"x", "__proto__": null} "#).expect("JSON");
        let shown: Vec<_> = object
            .entries()
            .into_iter()
            .map(|(key, value)| (key.text().expect("a key"), value.written(), value.kind()))
            .collect();
        let expected = [
            ("a".to_owned(), "1", "a number"),
            ("a".to_owned(), "[2]", "a list"),
            ("a".to_owned(), "\"x\"", "a text"),
            ("__proto__".to_owned(), "null", "null"),
        ];
        assert_eq!(shown, expected);
        let list = Piece::read("[1e999, {}, [[]]]").expect("JSON");
        assert_eq!(list.items().iter().map(|item| item.written()).collect::<Vec<_>>(), ["1e999", "{}", "[[]]"]);
        assert!(list.entries().is_empty() && object.items().is_empty());
    }

    #[test]
    fn depth_is_counted_outside_texts_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (text, is_too_deep) in [
            (nested(MAX_DEPTH), false),
            (nested(MAX_DEPTH + 1), true),
            (nested(100_000), true),
            (format!("\"{}\"", "[".repeat(100)), false),
            (format!(r#"["\"{}\\"]"#, "[".repeat(100)), false),
        ] {
            assert_eq!(Piece::read(&text).expect("JSON").is_too_deep(), is_too_deep, "{}", text.len());
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        assert_eq!(Piece::read(r#""\ud800""#).expect("syntax").text(), None);
        assert_eq!(Piece::read(r#""\ud83d\ude00""#).expect("syntax").text().as_deref(), Some("😀"));
    }
}
