//! The host that a request is addressed to.
//!
//! A web page can make its own name resolve to this machine, and its scripts then reach a service here as if it were theirs (DNS
//! rebinding). The browser sends that name in the `Host` header; so a name is served only if it is `localhost` or one that the
//! operator lists. An IP address cannot be rebound.
//!
//! - If the request's target has an authority, as in requests to a proxy, that counts; else `Host`.
//! - An HTTP/1.0 request may have neither: no browser sends such a request.
//! - Names are compared as in DNS: ignoring case and a trailing dot. They are ASCII: other names must be written in Punycode, as
//!   browsers do.

use crate::text::host_name::is_host_name;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The name of the local machine.
const LOCALHOST: &str = "localhost";

/// Why the host of a request is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// There is none.
    Missing,
    /// There are several.
    Repeated,
    /// It is not a valid host.
    Malformed,
    /// It is a name that is not served.
    OtherName,
}

/// What a request says about its host.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The authority in its target.
    pub authority: Option<&'a str>,
    /// Its first header `Host`.
    pub header: Option<&'a [u8]>,
    /// How many there are.
    pub headers: usize,
    /// Whether it speaks HTTP/1.0 or older.
    pub is_old: bool,
}

/// Checks that a request is meant for this service, or for a name in `allowed`.
///
/// # Errors
/// [`HostError`].
pub fn check(said: Said<'_>, allowed: &[String]) -> Result<(), HostError> {
    if said.headers > 1 {
        return Err(HostError::Repeated);
    }
    let header = said.header.map(|bytes| std::str::from_utf8(bytes).map_err(|_| HostError::Malformed)).transpose()?;
    match said.authority.or(header).filter(|host| !host.is_empty()) {
        Some(host) => check_authority(host, allowed),
        None if said.is_old => Ok(()),
        None => Err(HostError::Missing),
    }
}

fn check_authority(authority: &str, allowed: &[String]) -> Result<(), HostError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or(HostError::Malformed)?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    if !is_port(port) {
        return Err(HostError::Malformed);
    }
    if authority.starts_with('[') {
        return host.parse::<Ipv6Addr>().map(|_| ()).map_err(|_| HostError::Malformed);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    if !is_host_name(host) {
        return Err(HostError::Malformed);
    }
    let names = allowed.iter().map(String::as_str).chain([LOCALHOST]);
    let is_served =
        names.map(|name| name.strip_suffix('.').unwrap_or(name)).any(|name| name.eq_ignore_ascii_case(host));
    if is_served { Ok(()) } else { Err(HostError::OtherName) }
}

/// Nothing, or a colon and a number that may be missing.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => {
            digits.is_empty() || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
        }
        None => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HostError::{Malformed, Missing, OtherName, Repeated};

    fn allowed() -> Vec<String> {
        ["tracker.example.org", "Pages.Example.", "xn--bcher-kva.example"].map(str::to_owned).to_vec()
    }

    #[track_caller]
    fn check_host(host: &str, expected: Result<(), HostError>) {
        let header = Said { authority: None, header: Some(host.as_bytes()), headers: 1, is_old: false };
        assert_eq!(check(header, &allowed()), expected, "Host: {host:?}");
        if !host.is_empty() {
            // The same in a target, whatever the header says; and a request of HTTP/1.0 does not get by with a wrong one.
            let target = Said { authority: Some(host), header: Some(b"evil.example"), headers: 1, is_old: true };
            assert_eq!(check(target, &allowed()), expected, "http://{host:?}/");
        }
    }

    #[test]
    fn addresses_localhost_and_listed_names_pass() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8000",
            "192.168.1.5:80",
            "203.0.113.9",
            "0.0.0.0:1",
            "127.0.0.1.",
            "[::1]",
            "[::1]:8001",
            "[2001:DB8::7]",
            "[::ffff:127.0.0.1]:1",
            "localhost",
            "localhost:8080",
            "LocalHost",
            "localhost.",
            "LOCALHOST.:9",
            "localhost:",
            "tracker.example.org",
            "TRACKER.example.org.:443",
            "pages.example",
            "pages.example.:1",
            "xn--bcher-kva.example",
            "XN--BCHER-KVA.example",
        ] {
            check_host(host, Ok(()));
        }
    }

    #[test]
    fn any_other_name_is_another_site_however_it_is_dressed() {
        for host in [
            "evil.example",
            "evil.example:8000",
            "x",
            "localhost.evil.example",
            "evil-localhost",
            "foo.localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "example.org",
            "a.tracker.example.org",
            "tracker.example.org.evil",
            "localhosts",
            "localhost_",
            "2130706433",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "256.0.0.1",
            "1.2.3.4.5",
            "xn--bcher-kva.example.evil",
        ] {
            check_host(host, Err(OtherName));
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in [
            "localhost@evil.example",
            "evil.example@localhost",
            "user:secret@localhost",
            "localhost:80@evil.example",
            "localhost, evil.example",
            "localhost evil.example",
            "localhost\t",
            " localhost",
            "localhost/",
            "localhost#",
            "localhost?",
            "http://localhost",
            "//localhost",
            "localhost:8000:1",
            "localhost:65536",
            "localhost:-1",
            "localhost:+1",
            "localhost:8o",
            "::1",
            "[::1",
            "[::1]8000",
            "[::1]:x",
            "[localhost]",
            "[127.0.0.1]",
            "[fe80::1%25eth0]",
            "localhost..",
            ".localhost",
            ".",
            ":",
            ":8000",
            "*",
            "*.example.org",
            "localhos%74",
            "localhost%00",
            "\u{ff4c}ocalhost",
            "b\u{fc}cher.example",
            "localhost\u{3002}",
            "local\u{ad}host",
            "\u{2460}",
        ] {
            check_host(host, Err(Malformed));
        }
        check_host(&"a".repeat(64), Err(Malformed));
        check_host(&"a.".repeat(200), Err(Malformed));
        check_host("", Err(Missing));
    }

    #[test]
    fn a_request_has_one_host_and_one_of_http_1_0_may_have_none() {
        let said = Said { authority: None, header: Some(b"localhost"), headers: 2, is_old: false };
        assert_eq!(check(said, &[]), Err(Repeated));
        assert_eq!(check(Said { authority: Some("127.0.0.1"), ..said }, &[]), Err(Repeated));
        let none = Said { authority: None, header: None, headers: 0, is_old: false };
        assert_eq!(check(none, &[]), Err(Missing));
        assert_eq!(check(Said { is_old: true, ..none }, &[]), Ok(()));
        assert_eq!(check(Said { authority: Some("localhost:1"), ..none }, &[]), Ok(()));
        let bytes = Said { header: Some(b"localhost\xff"), headers: 1, ..none };
        assert_eq!(check(bytes, &[]), Err(Malformed));
    }
}
