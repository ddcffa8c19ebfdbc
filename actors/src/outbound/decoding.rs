//! Tolerant reading of platform answers: every field optional, counts as strings or numbers, nothing else assumed.

use serde_json::Value;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::observation::bounded_text;

/// A count written as a number or as a string of digits. Negative numbers (how some answers mark a hidden count),
/// fractions and anything else are unknown.
pub(crate) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A whole number that was written with a decimal point, as far as such numbers are exact.
fn whole(number: f64) -> Option<u64> {
    const FIRST_INEXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: whole, and within 0 and 2^53"
    )]
    (number.fract() == 0.0 && (0.0..FIRST_INEXACT).contains(&number)).then_some(number as u64)
}

/// Whether an item reports an error instead of a video or reel.
pub(crate) fn is_error(item: &Value) -> bool {
    item.get("error").is_some_and(|error| !error.is_null())
}

/// A text, truncated to the length that is kept; empty if there is none.
pub(crate) fn text(value: &Value) -> String {
    bounded_text(value.as_str().unwrap_or_default().to_owned())
}

/// The reason that is reported for a video or reel with an unreadable item.
pub(crate) const UNREADABLE_ITEM: &str = "its item cannot be read";

/// Longest image address that is kept, in bytes.
const MAX_ADDRESS_BYTES: usize = 4_096;

/// The address of an image, unless it is too long.
pub(crate) fn address_text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| text.len() <= MAX_ADDRESS_BYTES).map(str::to_owned)
}

/// An RFC 3339 time.
pub(crate) fn moment(value: &Value) -> Option<Moment> {
    Moment::parse(value.as_str()?)
}

/// Most tags that are kept per item.
const MAX_TAGS: usize = 100;

/// The texts in a list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().take(MAX_TAGS).filter(|tag| tag.is_string()).map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_are_read_as_numbers_or_digits_and_anything_else_is_unknown() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!("1799817"), Some(1_799_817)),
            (json!(0), Some(0)),
            (json!(18_446_744_073_709_551_615_u64), Some(u64::MAX)),
            (json!(" 12 "), Some(12)),
            (json!(27_040.0), Some(27_040)),
            (json!(-1), None),
            (json!("-1"), None),
            (json!(-1.0), None),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!(true), None),
            (json!("1,000"), None),
            (json!("99999999999999999999999"), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(count(&value), expected, "{value}");
        }
    }
}
