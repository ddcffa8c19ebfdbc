//! Partial responses: the `fields` parameter of Google's APIs.
//!
//! `a,b(c,d),items/x` keeps `a`, of `b` only `c` and `d`, and of each item only `x`; `*` is every field. A selection
//! goes through arrays to their elements.

use std::collections::BTreeMap;

use serde_json::Value;

/// The deepest nesting that is understood.
const MAX_DEPTH: usize = 16;

/// A selection of fields; an empty one keeps everything below.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    selected: BTreeMap<String, Fields>,
}

impl Fields {
    /// The selection written as `text`; none if it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest: &str = text;
        let fields = Self::list(&mut rest, 0)?;
        rest.is_empty().then_some(fields)
    }

    /// What of a document is selected.
    pub(super) fn of(&self, document: Value) -> Value {
        if self.selected.is_empty() {
            return document;
        }
        match document {
            Value::Array(items) => items.into_iter().map(|item| self.of(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .filter_map(|(name, value)| {
                    let below = self.selected.get(&name).or_else(|| self.selected.get("*"))?;
                    Some((name, below.of(value)))
                })
                .collect(),
            leaf => leaf,
        }
    }

    fn list(rest: &mut &str, depth: usize) -> Option<Self> {
        let mut fields = Self::default();
        loop {
            fields.field(rest, depth)?;
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(fields),
            }
        }
    }

    fn field(&mut self, rest: &mut &str, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let end = rest.find([',', '(', ')', '/']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        *rest = after;
        if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            // A path goes on; two paths with the same start are both kept.
            return self.selected.entry(name.to_owned()).or_default().field(rest, depth + 1);
        }
        let below = match rest.strip_prefix('(') {
            Some(after) => {
                *rest = after;
                let below = Self::list(rest, depth + 1)?;
                *rest = rest.strip_prefix(')')?;
                below
            }
            None => Self::default(),
        };
        self.selected.entry(name.to_owned()).or_default().selected.extend(below.selected);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selection_keeps_what_it_names_and_nothing_else() {
        let document = json!({
            "kind": "list",
            "items": [{
                "id": "a",
                "snippet": {"title": "t", "tags": []},
                "statistics": {"viewCount": "1", "likeCount": "2"},
            }],
            "pageInfo": {"totalResults": 1},
        });
        for (fields, kept) in [
            ("kind", json!({"kind": "list"})),
            ("items/id", json!({"items": [{"id": "a"}]})),
            ("items(id,statistics/viewCount)", json!({"items": [{"id": "a", "statistics": {"viewCount": "1"}}]})),
            ("items/id,items/snippet/title", json!({"items": [{"id": "a", "snippet": {"title": "t"}}]})),
            (
                "items(snippet(title)),pageInfo",
                json!({"items": [{"snippet": {"title": "t"}}], "pageInfo": {"totalResults": 1}}),
            ),
            (
                "items/*/viewCount,kind",
                json!({"kind": "list", "items": [{"id": "a", "snippet": {}, "statistics": {"viewCount": "1"}}]}),
            ),
            ("*", document.clone()),
        ] {
            assert_eq!(Fields::parse(fields).map(|selection| selection.of(document.clone())), Some(kept), "{fields}");
        }
    }

    #[test]
    fn what_is_not_a_selection_is_refused() {
        for text in ["", ",", "a,", "a(b", "a)b", "a//b", "a()", &"a/".repeat(40)] {
            assert_eq!(Fields::parse(text), None, "{text}");
        }
    }
}
