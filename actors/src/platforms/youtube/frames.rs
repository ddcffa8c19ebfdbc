//! The frames of a video that detectors examine: YouTube picks three of every video and serves them under fixed names;
//! a thumbnail would be the uploader's own choice.

use tensorflix_domain::ids::ContentId;
use url::Url;

/// Where YouTube serves pictures of videos.
const PICTURES: &str = "https://i.ytimg.com/vi/";

/// The frames that YouTube picked, at a quarter, a half and three quarters of a video.
pub(super) const NAMES: [&str; 3] = ["1.jpg", "2.jpg", "3.jpg"];

/// The addresses of a video's frames. The id follows YouTube's grammar, which has no character with a meaning in a
/// path.
pub(super) fn frames(video: &ContentId, _: Option<&str>) -> Vec<Url> {
    NAMES.iter().filter_map(|name| Url::parse(&format!("{PICTURES}{}/{name}", video.as_str())).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::platform::Platform;

    #[test]
    fn frames_of_a_video_are_youtubes_whatever_address_was_observed() {
        let video = ContentId::new(Platform::YOUTUBE, "dQw4w9WgXcQ").expect("an id");
        for observed in [None, Some("https://evil.example/all-ai.jpg")] {
            let frames: Vec<String> = frames(&video, observed).iter().map(ToString::to_string).collect();
            let expected = [1, 2, 3].map(|number| format!("https://i.ytimg.com/vi/dQw4w9WgXcQ/{number}.jpg"));
            assert_eq!(frames, expected);
        }
    }
}
