//! Who caused a request: the client itself, or a page of another site in the client's browser.
//!
//! A page can make a browser send requests here, although it never sees an answer. Such a request is answered only from stored
//! data and never uses quota.
//!
//! Browsers report it in `Sec-Fetch-Site`, which scripts cannot change, if they trust the address (`localhost`, loopback, HTTPS);
//! and in `Origin` for requests of scripts that want to read the answer. A page on another port or name of the same site
//! (`same-site`) belongs to another program, and counts as another site. Programs other than browsers send neither header.

use actix_web::http::header::{HeaderMap, ORIGIN};

const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// A page of this service, or an address that the user typed or opened from a bookmark.
const OWN: [&[u8]; 2] = [b"same-origin", b"none"];

/// Whether a page of another site caused this request. `authority` is the host that it was sent to.
pub fn is_foreign(headers: &HeaderMap, authority: Option<&str>) -> bool {
    let is_own_origin = |origin: &[u8]| {
        let origin = std::str::from_utf8(origin).unwrap_or_default();
        let host = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
        host.zip(authority).is_some_and(|(host, authority)| host.eq_ignore_ascii_case(authority))
    };
    headers.get_all(SEC_FETCH_SITE).any(|site| !OWN.contains(&site.as_bytes()))
        || headers.get_all(ORIGIN).any(|origin| !is_own_origin(origin.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn only_the_client_itself_and_pages_of_this_address_are_not_foreign() {
        let (site, origin) = (SEC_FETCH_SITE, "origin");
        for (said, foreign) in [
            (vec![], false),
            (vec![(site, "none")], false),
            (vec![(site, "same-origin")], false),
            (vec![(site, "same-origin"), (origin, "http://localhost:8000")], false),
            (vec![(origin, "HTTP://LOCALHOST:8000")], true),
            (vec![(origin, "http://LOCALHOST:8000")], false),
            (vec![(origin, "https://localhost:8000")], false),
            (vec![(site, "cross-site")], true),
            (vec![(site, "same-site")], true),
            (vec![(site, "")], true),
            (vec![(site, "anything-new")], true),
            (vec![(site, "none, cross-site")], true),
            (vec![(site, "none"), (site, "cross-site")], true),
            (vec![(origin, "null")], true),
            (vec![(origin, "")], true),
            (vec![(origin, "http://localhost:3000")], true),
            (vec![(origin, "http://localhost")], true),
            (vec![(origin, "https://evil.example")], true),
            (vec![(origin, "http://localhost:8000.evil.example")], true),
            (vec![(origin, "http://evil.example/http://localhost:8000")], true),
            (vec![(origin, "chrome-extension://localhost:8000")], true),
            (vec![(origin, "http://localhost:8000"), (origin, "https://evil.example")], true),
            (vec![(site, "same-origin"), (origin, "https://evil.example")], true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &said {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(is_foreign(&headers, Some("localhost:8000")), foreign, "{said:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("http://localhost:8000"));
        assert!(is_foreign(&headers, None), "an old request from nowhere comes from no page of ours");
    }
}
