//! Commitments as the chain holds them, and as it takes them.
//!
//! The text sits in the first raw field: `Raw0` to `Raw128`, or `BigRaw` on runtimes that have it. Variants are identified
//! by name, never by index, since runtimes insert new ones; a kind that we do not know is a commitment without text.

use subxt::dynamic::{At, Value};
use subxt::ext::scale_value::{Composite, Primitive, ValueDef};
use tensorflix_domain::ids::Block;
use tensorflix_domain::subnet::CommitmentRecord;

/// Longest text that `Raw0` to `Raw128` hold.
const MAX_RAW_BYTES: usize = 128;
/// Longest text that `BigRaw` holds.
const MAX_BIG_RAW_BYTES: usize = 512;

/// Reads a decoded `Registration { deposit, block, info: { fields } }`; `None` if it has no block.
pub(crate) fn record(registration: &Value<()>) -> Option<CommitmentRecord> {
    let block = Block::try_from(registration.at("block")?.as_u128()?).ok()?;
    let fields = registration.at("info").and_then(|info| info.at("fields"));
    let text = fields.and_then(first_raw_field).and_then(|bytes| String::from_utf8(bytes).ok());
    Some(CommitmentRecord { text, block })
}

fn first_raw_field(fields: &Value<()>) -> Option<Vec<u8>> {
    // A bounded vector is a newtype around its items on some runtimes, the items themselves on others.
    let is_variant = |value: &Value<()>| matches!(value.value, ValueDef::Variant(_));
    match &fields.value {
        ValueDef::Composite(Composite::Unnamed(items)) if items.len() == 1 && !is_variant(&items[0]) => {
            first_raw_field(&items[0])
        }
        ValueDef::Composite(Composite::Unnamed(items)) => items.iter().find_map(raw_bytes),
        _ => None,
    }
}

fn raw_bytes(field: &Value<()>) -> Option<Vec<u8>> {
    let ValueDef::Variant(variant) = &field.value else { return None };
    let is_raw = variant.name == "BigRaw"
        || variant.name.strip_prefix("Raw").is_some_and(|length| length.parse::<usize>().is_ok());
    if !is_raw {
        return None;
    }
    let mut bytes = Vec::new();
    variant.values.values().try_for_each(|value| collect_bytes(value, &mut bytes))?;
    Some(bytes)
}

fn collect_bytes(value: &Value<()>, bytes: &mut Vec<u8>) -> Option<()> {
    match &value.value {
        ValueDef::Primitive(Primitive::U128(byte)) => bytes.push(u8::try_from(*byte).ok()?),
        ValueDef::Composite(items) => items.values().try_for_each(|item| collect_bytes(item, bytes))?,
        _ => return None,
    }
    Some(())
}

/// The `info` argument of `set_commitment` with `text` in it; `None` if no runtime holds a text of that length. A
/// runtime without `BigRaw` refuses it when the call is encoded.
pub(crate) fn info(text: &str) -> Option<Value<()>> {
    let bytes = text.as_bytes();
    let variant = match bytes.len() {
        length if length <= MAX_RAW_BYTES => format!("Raw{length}"),
        length if length <= MAX_BIG_RAW_BYTES => "BigRaw".to_owned(),
        _ => return None,
    };
    let field = Value::unnamed_variant(variant, [Value::from_bytes(bytes)]);
    Some(Value::named_composite([("fields", Value::unnamed_composite([field]))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use crate::reading::storage::{Slot, Snapshot};
    use parity_scale_codec::Encode;
    use tensorflix_domain::ids::Hotkey;

    /// A `Registration` with the fields given, as the chain stores it.
    fn registration(fields: &[Vec<u8>]) -> Vec<u8> {
        let count = u8::try_from(fields.len()).expect("few fields") << 2;
        [0_u64.encode(), 77_u32.encode(), vec![count], fields.concat()].concat()
    }

    fn raw(bytes: &[u8]) -> Vec<u8> {
        let variant = u8::try_from(bytes.len() + 1).expect("at most 128 bytes");
        [&[variant], bytes].concat()
    }

    fn read(stored: Vec<u8>) -> Option<CommitmentRecord> {
        let slot = Slot::keyed("Commitments", "CommitmentOf", [89_u16.into(), (&Hotkey::new([5; 32])).into()]);
        let snapshot = Snapshot::of(finney(), [(slot.clone(), stored)]);
        record(&snapshot.stored::<Value<()>>(&slot)?)
    }

    #[test]
    fn text_is_read_from_the_first_raw_field_and_other_kinds_are_skipped() {
        let hash_field = [&[131_u8][..], &[9; 32]].concat();
        let longest = "x".repeat(128);
        let text_of = |text: &str| Some(CommitmentRecord { text: Some(text.to_owned()), block: 77 });
        let without_text = Some(CommitmentRecord { text: None, block: 77 });
        for (name, fields, expected) in [
            ("one field", vec![raw(b"alice:0a")], text_of("alice:0a")),
            ("the longest", vec![raw(longest.as_bytes())], text_of(&longest)),
            ("an empty text", vec![raw(b"")], text_of("")),
            ("a hash before it", vec![hash_field.clone(), raw(b"bob:1")], text_of("bob:1")),
            ("the first of two", vec![raw(b"a"), raw(b"b")], text_of("a")),
            ("only a hash", vec![hash_field], without_text.clone()),
            ("not UTF-8", vec![raw(&[0xff, 0xfe])], without_text.clone()),
            ("no field", vec![], without_text),
        ] {
            assert_eq!(read(registration(&fields)), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_registration_is_no_commitment() {
        assert_eq!(read(vec![]), None);
        assert_eq!(read(registration(&[vec![255, 1, 2, 3]])), None);
    }

    #[test]
    fn texts_beyond_every_field_are_refused() {
        assert!(info(&"x".repeat(512)).is_some());
        assert!(info(&"x".repeat(513)).is_none());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..proptest::prelude::ProptestConfig::with_cases(60)
        })]

        #[test]
        fn any_stored_bytes_are_a_commitment_or_none(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            variants in proptest::collection::vec(proptest::num::u8::ANY, 0..6),
        ) {
            let fields: Vec<Vec<u8>> = variants.iter().map(|variant| [&[*variant][..], &bytes].concat()).collect();
            for stored in [bytes.clone(), registration(&fields)] {
                if let Some(record) = read(stored) {
                    assert!(record.text.is_none_or(|text| text.len() <= 200));
                }
            }
        }
    }
}
