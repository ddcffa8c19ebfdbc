//! The cover of a reel, which detectors examine, and only at an address on Instagram's servers.

use tensorflix_domain::ids::ContentId;
use url::Url;

/// The domains of Instagram's image servers.
const INSTAGRAM: [&str; 2] = [".cdninstagram.com", ".fbcdn.net"];

/// The address of a reel's cover, if the observed address is on Instagram's own servers.
pub(super) fn frames(_: &ContentId, observed: Option<&str>) -> Vec<Url> {
    observed.and_then(on_instagram).into_iter().collect()
}

fn on_instagram(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let is_own = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && INSTAGRAM.iter().any(|end| host.ends_with(end));
    is_own.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::platform::Platform;

    #[test]
    fn the_cover_of_a_reel_is_on_instagrams_servers_or_is_not_looked_at() {
        let reel = ContentId::new(Platform::INSTAGRAM, "DAbcdefghij").expect("an id");
        for (address, is_own) in [
            ("https://scontent-fra3-1.cdninstagram.com/v/t51.jpg?stp=1&_nc=2", true),
            ("https://scontent.xx.fbcdn.net/a.jpg", true),
            ("http://scontent.cdninstagram.com/a.jpg", false),
            ("https://scontent.cdninstagram.com:8443/a.jpg", false),
            ("https://scontent.cdninstagram.com.evil.example/a.jpg", false),
            ("https://evilcdninstagram.com/a.jpg", false),
            ("https://a@scontent.cdninstagram.com@evil.example/a.jpg", false),
            ("https://key@scontent.cdninstagram.com/a.jpg", false),
            ("https://127.0.0.1/a.jpg", false),
            ("file:///etc/passwd", false),
            ("no address", false),
        ] {
            assert_eq!(frames(&reel, Some(address)).len(), usize::from(is_own), "{address}");
        }
        assert!(frames(&reel, None).is_empty());
    }
}
