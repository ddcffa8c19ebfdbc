//! The settings of YouTube.

use std::path::PathBuf;
use tensorflix_settings::text_form::{self, constant_url};
use tensorflix_settings::{BASE_URL, BURST, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT, integer, settings};
use url::Url;

settings! {
    /// The YouTube Data API.
    [youtube] YoutubeSettings {
        /// Base URL of the API.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://youtube.googleapis.com"), BASE_URL;

        /// File with the API key, or several, one per line; in the environment they are separated by commas.
        #[serde(with = "text_form::optional_path")]
        api_key_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("YOUTUBE_API_KEY");

        /// Rate of calls.
        requests_per_second: f64 = 5.0, RATE.reloads();

        /// Calls that may be sent at once before the rate limits them.
        burst: u32 = 10, BURST.reloads();

        /// Videos in one call, which costs one unit however many they are; 50 is the API's limit.
        batch_size: usize = 50, integer(1..=50).unit("videos");

        /// Calls that may be in flight at the same time.
        max_in_flight: usize = 4, IN_FLIGHT;

        /// Quota that each key may spend in one Pacific day with each method: a little below the 10,000 units that Google
        /// grants, as others may share the key. One unit is fifty videos.
        daily_quota: u64 = 9000, integer(0..=1_000_000_000).unit("units").reloads();

        /// Deadline of one call, up to the last byte of the response.
        timeout_secs: u64 = 15, TIMEOUT;
    }
}
