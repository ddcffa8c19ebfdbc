//! The ownership tag: a hotkey that the uploader wrote into an item's description or caption.
//!
//! Only a complete SS58 address in the form of the configured template counts; of several in one text, the first.

use crate::ids::Hotkey;
use std::collections::BTreeSet;

/// The place of the address in a template.
pub const HOTKEY_PLACE: &str = "{hotkey}";

/// What a text says about its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerTag {
    /// The first hotkey named in the template's form.
    pub hotkey: Option<Hotkey>,
    /// How many different hotkeys the text names; more than one is reported.
    pub named_count: usize,
}

/// Finds the hotkeys that `text` names in the form of `template`, such as `"{hotkey}"` or `"owner: {hotkey}"`. A
/// template without [`HOTKEY_PLACE`] finds none; the configuration rejects it.
pub fn owner_tag(text: &str, template: &str) -> OwnerTag {
    let Some((before, after)) = template.split_once(HOTKEY_PLACE) else {
        return OwnerTag::default();
    };
    let mut tag = OwnerTag::default();
    let mut named = BTreeSet::new();
    for (start, word) in address_like_words(text) {
        let in_form = text[..start].ends_with(before) && text[start + word.len()..].starts_with(after);
        if let (true, Ok(hotkey)) = (in_form, word.parse::<Hotkey>()) {
            tag.hotkey.get_or_insert(hotkey);
            named.insert(hotkey);
        }
    }
    tag.named_count = named.len();
    tag
}

/// Maximal runs of ASCII letters and digits that have the length of an SS58 address.
fn address_like_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    const ADDRESS_LENGTHS: std::ops::RangeInclusive<usize> = 46..=48;
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| ADDRESS_LENGTHS.contains(&word.len()))
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_address_in_the_templates_form_names_an_owner() {
        let (first, second) = (Hotkey::new([1; 32]), Hotkey::new([2; 32]));
        let cases = [
            (format!("a cat {first} dances"), "{hotkey}", Some(first), 1),
            (format!("{first}"), "{hotkey}", Some(first), 1),
            (format!("{second}\n{first}"), "{hotkey}", Some(second), 2),
            (format!("{second} {second}"), "{hotkey}", Some(second), 1),
            (format!("x{first}"), "{hotkey}", None, 0),
            (first.to_string()[..20].to_owned(), "{hotkey}", None, 0),
            (first.to_string().to_lowercase(), "{hotkey}", None, 0),
            (format!("owner: {first}."), "owner: {hotkey}", Some(first), 1),
            (format!("by {second}, owner: {first}"), "owner: {hotkey}", Some(first), 1),
            (format!("[tf:{first}]"), "[tf:{hotkey}]", Some(first), 1),
            (format!("[tf:{first}"), "[tf:{hotkey}]", None, 0),
            (format!("é{first}é"), "{hotkey}", Some(first), 1),
            (String::new(), "{hotkey}", None, 0),
            (format!("{first}"), "no place", None, 0),
        ];
        for (text, template, hotkey, named_count) in cases {
            assert_eq!(owner_tag(&text, template), OwnerTag { hotkey, named_count }, "{text:?} {template:?}");
        }
    }
}
