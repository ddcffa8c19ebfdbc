//! What everybody else has to know of a platform, in one place.

use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use url::Url;

/// A platform, as it is registered.
#[derive(Debug)]
pub struct PlatformSpec {
    /// Its rules: name, grammar of ids, what can be true of it.
    pub platform: Platform,
    /// The environment variable that holds its key.
    pub key_variable: &'static str,
    /// What so many units of its ledger cost, in words.
    pub price: fn(units: u64) -> String,
    /// Most pictures of one video or reel that detectors look at.
    pub most_frames: u64,
    /// The addresses of these pictures: the platform's own, which no miner chooses. The text is the address that the platform
    /// gave for its picture, if it gave one.
    pub frames: fn(&ContentId, Option<&str>) -> Vec<Url>,
}
