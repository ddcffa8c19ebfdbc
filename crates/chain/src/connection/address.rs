//! Addresses of endpoints, and what of them may be shown.

use subxt::ext::jsonrpsee::client_transport::ws::Url;

/// A URL as it may be shown: scheme, host and port. Providers put access keys into the rest.
pub(crate) fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
        }
        Err(_) => "(not a URL)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_keys_in_urls_are_not_shown() {
        for (url, expected) in [
            ("wss://user:secret@node.example:8443/v1/secret?key=secret#secret", "wss://node.example:8443"),
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("wss://[::1]/secret", "wss://[::1]"),
            ("secret", "(not a URL)"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
