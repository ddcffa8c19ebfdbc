//! Addresses of requests: a configured base and path segments, each escaped.

use url::Url;

/// A configured address cannot be used: it cannot have a path, like `mailto:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configured address cannot have a path")]
pub struct AddressError;

/// Joins path segments to a configured base, escaping each.
pub(crate) fn address(base: &Url, segments: &[&str]) -> Result<Url, AddressError> {
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| AddressError)?.pop_if_empty().extend(segments);
    Ok(url)
}
