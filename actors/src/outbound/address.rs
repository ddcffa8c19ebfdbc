//! Addresses of requests: a configured base and path segments, each escaped.

use url::Url;

/// Joins path segments to a configured base, escaping each.
pub(crate) fn address(base: &Url, segments: &[&str]) -> Result<Url, String> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| "the configured address cannot have a path".to_owned())?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}
