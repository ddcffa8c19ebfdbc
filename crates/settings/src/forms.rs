//! Forms of text that settings of several sections have: URLs and files.

use super::kind::Form;
use std::path::Path;
use url::Url;

/// A base URL, to which paths are appended.
pub const HTTP_URL: Form = Form {
    is: "an http:// or https:// URL without user name, query and fragment",
    accepts: |text| is_url(text, &["http", "https"]) && is_bare(text),
};
/// The same, or nothing.
pub const OPTIONAL_HTTP_URL: Form = Form {
    is: "an http:// or https:// URL without user name, query and fragment, or empty",
    accepts: |text| text.is_empty() || (HTTP_URL.accepts)(text),
};
pub(super) const SECRET_FILE: Form = Form {
    is: "a file that holds the secret, or empty for none",
    accepts: |text| text.is_empty() || is_file_path(text),
};

/// Whether a text is a URL with a host and one of these schemes.
pub fn is_url(text: &str, schemes: &[&str]) -> bool {
    Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

/// Whether a text can name a file.
pub fn is_file_path(text: &str) -> bool {
    !text.ends_with('/') && Path::new(text).file_name().is_some()
}

/// Paths are appended to a base URL, and credentials belong in the environment.
fn is_bare(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none()
    })
}
