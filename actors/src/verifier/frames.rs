//! The pictures of a content that detectors look at: the platform's own, at addresses that no miner chooses.
//!
//! YouTube picks three frames of every video and serves them under fixed names; a thumbnail would be the uploader's own
//! choice. Of a reel there is the cover, and only at an address on Instagram's servers.

use tensorflix_domain::ids::{ContentId, Platform};
use url::Url;

/// Where YouTube serves pictures of videos.
const YOUTUBE: &str = "https://i.ytimg.com/vi/";

/// The frames that YouTube picked, at a quarter, a half and three quarters of a video.
pub(super) const NAMES: [&str; 3] = ["1.jpg", "2.jpg", "3.jpg"];

/// What the hosts of Instagram's pictures end with.
const INSTAGRAM: [&str; 2] = [".cdninstagram.com", ".fbcdn.net"];

/// The addresses of a content's pictures. `observed` is the address that the platform gave for its picture.
pub(super) fn frames(content: &ContentId, observed: Option<&str>) -> Vec<Url> {
    match content.platform() {
        // The id is in the grammar of YouTube's, which has nothing that means anything in a path.
        Platform::YouTube => {
            NAMES.iter().filter_map(|name| Url::parse(&format!("{YOUTUBE}{}/{name}", content.as_str())).ok()).collect()
        }
        Platform::Instagram => observed.and_then(on_instagram).into_iter().collect(),
    }
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

    #[test]
    fn frames_of_a_video_are_youtubes_whatever_address_was_observed() {
        let video = ContentId::new(Platform::YouTube, "dQw4w9WgXcQ").expect("an id");
        for observed in [None, Some("https://evil.example/all-ai.jpg")] {
            let frames: Vec<String> = frames(&video, observed).iter().map(ToString::to_string).collect();
            let expected = [1, 2, 3].map(|number| format!("https://i.ytimg.com/vi/dQw4w9WgXcQ/{number}.jpg"));
            assert_eq!(frames, expected);
        }
    }

    #[test]
    fn the_cover_of_a_reel_is_on_instagrams_servers_or_is_not_looked_at() {
        let reel = ContentId::new(Platform::Instagram, "DAbcdefghij").expect("an id");
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
