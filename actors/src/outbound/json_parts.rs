//! Splits a JSON document into parts, as slices of its bytes, so that an error within one part affects no other.
//!
//! - A document is split by brackets, commas and strings alone. What is in a part (bytes that are not UTF-8, a number
//!   out of range, half a surrogate pair, endless nesting) is checked only when that part is decoded.
//! - Nothing is kept: parts are returned one by one, and the caller keeps what it needs. A part that is longer than
//!   [`MAX_PART_BYTES`] is not decoded.
//! - Bytes that are not UTF-8 are replaced where a part is decoded. In a title that changes a letter; in an id the
//!   result matches no video or reel.
//! - A document that is truncated or malformed is an error at that point: the parts before it do not show what is
//!   missing.

use serde_json::{Map, Value};

/// Longest part that is decoded. An item with the longest texts that a platform allows, all of it escaped, is far
/// shorter.
pub(crate) const MAX_PART_BYTES: usize = 256 << 10;

/// The document, or this part of it, is truncated or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotWhole;

/// The members of an object or the elements of a list.
pub(crate) struct Parts<'a> {
    /// The bytes between the brackets.
    inner: &'a [u8],
    at: usize,
    has_keys: bool,
    /// Whether another part has to follow.
    is_due: bool,
}

/// A part, with its key if it is an object's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
}

impl Part<'_> {
    /// Whether it is the member of this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name().as_deref() == Some(name)
    }

    /// The name of a member, if it can be read.
    pub(crate) fn name(&self) -> Option<String> {
        decoded(self.key)?.as_str().map(str::to_owned)
    }
}

/// The members of an object; `None` if it is none.
pub(crate) fn members(object: &[u8]) -> Option<Parts<'_>> {
    parts(object, b'{', b'}', true)
}

/// The elements of a list; `None` if it is none.
pub(crate) fn elements(list: &[u8]) -> Option<Parts<'_>> {
    parts(list, b'[', b']', false)
}

fn parts(bytes: &[u8], open: u8, close: u8, has_keys: bool) -> Option<Parts<'_>> {
    let inner = bytes.trim_ascii().strip_prefix(&[open])?.strip_suffix(&[close])?;
    Some(Parts { inner, at: 0, has_keys, is_due: false })
}

/// The value of a part by itself; `None` if it cannot be decoded.
pub(crate) fn decoded(part: &[u8]) -> Option<Value> {
    (part.len() <= MAX_PART_BYTES).then(|| serde_json::from_str(&String::from_utf8_lossy(part)).ok()).flatten()
}

/// The members of an object that are among `names`; those that cannot be decoded are left out. `None` if it is no
/// object, or an incomplete one.
pub(crate) fn some_members(object: &[u8], names: &[&str]) -> Option<Map<String, Value>> {
    let mut some = Map::new();
    for part in members(object)? {
        let part = part.ok()?;
        if let Some(name) = part.name().filter(|name| names.contains(&name.as_str()))
            && let Some(value) = decoded(part.value)
        {
            some.insert(name, value);
        }
    }
    Some(some)
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, NotWhole>;

    fn next(&mut self) -> Option<Self::Item> {
        self.at = after_space(self.inner, self.at);
        if self.at >= self.inner.len() {
            let is_cut = std::mem::take(&mut self.is_due);
            return is_cut.then_some(Err(NotWhole));
        }
        let part = self.part();
        if part.is_none() {
            // Nothing is returned after a malformed part.
            (self.at, self.is_due) = (self.inner.len(), false);
        }
        Some(part.ok_or(NotWhole))
    }
}

impl<'a> Parts<'a> {
    /// The part that begins here. Continues after the comma that follows it.
    fn part(&mut self) -> Option<Part<'a>> {
        let mut key: &[u8] = &[];
        if self.has_keys {
            let end = string_end(self.inner, self.at)?;
            key = &self.inner[self.at..end];
            self.at = after_space(self.inner, end);
            (self.inner.get(self.at) == Some(&b':')).then_some(())?;
            self.at = after_space(self.inner, self.at + 1);
        }
        let end = value_end(self.inner, self.at)?;
        let value = &self.inner[self.at..end];
        self.at = after_space(self.inner, end);
        self.is_due = match self.inner.get(self.at) {
            None => false,
            Some(b',') => true,
            Some(_) => return None,
        };
        self.at += 1;
        Some(Part { key, value })
    }
}

fn after_space(bytes: &[u8], from: usize) -> usize {
    let space = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace());
    from + space.count()
}

/// The end of the string that begins here.
fn string_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    (bytes.get(at) == Some(&b'"')).then_some(())?;
    loop {
        at += 1;
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 1,
            _ => {}
        }
    }
}

/// The end of the value that begins here.
fn value_end(bytes: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut depth) = (from, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            b'[' | b'{' => (at, depth) = (at + 1, depth + 1),
            b']' | b'}' => (at, depth) = (at + 1, depth.checked_sub(1)?),
            _ if depth > 0 => at += 1,
            _ => {
                let is_of_word = |byte: &&u8| !matches!(byte, b',' | b']' | b'}' | b':') && !byte.is_ascii_whitespace();
                let length = bytes[at..].iter().take_while(is_of_word).count();
                return (length > 0).then_some(at + length);
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(document: &str) -> Option<Vec<Result<String, NotWhole>>> {
        let parts = elements(document.as_bytes()).or_else(|| members(document.as_bytes()))?;
        let text = |part: Part<'_>| {
            let [key, value] = [part.key, part.value].map(String::from_utf8_lossy);
            if key.is_empty() { value.into_owned() } else { format!("{key}={value}") }
        };
        Some(parts.map(|part| part.map(text)).collect())
    }

    #[test]
    fn lists_and_objects_are_split_whatever_is_in_their_parts() {
        for (document, expected) in [
            ("[]", vec![]),
            (" [ ] ", vec![]),
            ("{}", vec![]),
            ("[1]", vec!["1"]),
            ("[1, \"a,]\\\"\\\\\" , [2, {\"b\": 3}],{}]", vec!["1", "\"a,]\\\"\\\\\"", "[2, {\"b\": 3}]", "{}"]),
            ("{\"a\": [1], \"b\\\"\" :2}", vec!["\"a\"=[1]", "\"b\\\"\"=2"]),
            ("[1e999, nul, \"\\ud800\"]", vec!["1e999", "nul", "\"\\ud800\""]),
        ] {
            let parts = told(document).expect(document);
            assert_eq!(parts, expected.into_iter().map(|part| Ok(part.to_owned())).collect::<Vec<_>>(), "{document}");
        }
    }

    #[test]
    fn what_has_no_shape_is_an_error_where_it_begins_and_nothing_follows() {
        for (document, good) in [
            ("[1,]", 1),
            ("[,1]", 0),
            ("[1 2]", 0),
            ("[1, \"a]", 1),
            ("[1, {\"a\": 2]", 1),
            ("[1]]", 0),
            ("{\"a\": 1, \"b\"}", 1),
            ("{\"a\": 1, 2: 3}", 1),
            ("{\"a\": }", 0),
        ] {
            let parts = told(document).expect(document);
            assert!(parts[..good].iter().all(Result::is_ok), "{document}: {parts:?}");
            assert_eq!(parts[good..], [Err(NotWhole)], "{document}");
        }
        for document in ["", "7", "[", "{", "[1", "{\"a\": 1", "]", "\"[]\""] {
            assert_eq!(told(document), None, "{document}");
        }
    }

    #[test]
    fn a_part_is_decoded_by_itself_or_not_at_all() {
        assert_eq!(decoded(b"\"a\xffb\""), Some("a\u{fffd}b".into()));
        for part in [&b"1e999"[..], b"\"\\ud800\"", b"{", &b"[".repeat(50_000), &vec![b'1'; MAX_PART_BYTES + 1]] {
            assert_eq!(decoded(part), None);
        }
        let some = some_members(br#"{"a": 1, "b": 1e999, "c": 2, "\ud800": 3}"#, &["a", "b"]).expect("an object");
        assert_eq!(Value::from(some), serde_json::json!({ "a": 1 }));
    }
}
