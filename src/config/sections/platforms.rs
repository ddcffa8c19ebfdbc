//! Where gists, videos and reels are read.

use std::path::PathBuf;
use std::time::Duration;
use tensorflix_domain::policy::ViewMetric;
use url::Url;

use tensorflix_settings::{BASE_URL, BURST, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT};
use tensorflix_settings::text_form::constant_url;
use super::forms;
use tensorflix_settings::text_form;
use tensorflix_settings::{integer, number, one_of, settings, text};

const KIBIBYTE: i64 = 1024;
const MEBIBYTE: i64 = 1024 * KIBIBYTE;

settings! {
    /// Where gists are read.
    [github] GithubSettings {
        /// Base URL of the API, which is asked only about disputes, owners and revisions.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://api.github.com"), BASE_URL;

        /// Base URL of gist contents; reading them costs no API request.
        #[serde(with = "text_form::url")]
        raw_url: Url = constant_url("https://gist.githubusercontent.com"), BASE_URL;

        /// File with a token (no scope needed): 5,000 API requests an hour instead of 60.
        #[serde(with = "text_form::optional_path")]
        token_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("GITHUB_TOKEN");

        /// Rate of requests, far below GitHub's secondary limits.
        requests_per_second: f64 = 5.0, RATE.reloads();

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 10, BURST.reloads();

        /// Requests that may be in flight at the same time.
        max_in_flight: usize = 8, IN_FLIGHT;

        /// Deadline of one request, up to the last byte of the response.
        timeout_secs: u64 = 15, TIMEOUT;

        /// Larger gists are not read, so that no miner can fill memory or disk.
        max_gist_bytes: usize = 262_144, integer(KIBIBYTE..=16 * MEBIBYTE).unit("bytes");
    }
}

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

settings! {
    /// Instagram reels, read by an actor on Apify. This costs money.
    [instagram] InstagramSettings {
        /// Base URL of the Apify API.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://api.apify.com"), BASE_URL;

        /// File with the Apify token.
        #[serde(with = "text_form::optional_path")]
        api_key_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("APIFY_API_KEY");

        /// The Apify actor that reads reels.
        actor: String = "apify~instagram-reel-scraper".to_owned(), text(forms::APIFY_ACTOR);

        /// Which count is used as views, for all reels alike: views or plays. views is often missing or far below plays.
        view_metric: ViewMetric = ViewMetric::Views, one_of(&["views", "plays"]);

        /// Rate of requests to Apify.
        requests_per_second: f64 = 1.0, RATE.reloads();

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 2, BURST.reloads();

        /// Reels in one run.
        batch_size: usize = 100, integer(1..=1000).unit("reels");

        /// Runs that may be in progress at the same time.
        max_in_flight: usize = 2, IN_FLIGHT.unit("runs");

        /// Highest cost of one run; Apify stops it there.
        max_charge_usd: f64 = 1.0, number(0.01..=1000.0).unit("US dollars");

        /// Highest cost of one day; 0 starts no runs.
        daily_charge_usd: f64 = 5.0, number(0.0..=10_000.0).unit("US dollars").reloads();

        /// Deadline of one run, including its results.
        timeout_secs: u64 = 180, TIMEOUT;
    }
}

impl GithubSettings {
    /// Deadline of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl YoutubeSettings {
    /// Deadline of one call.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}

impl InstagramSettings {
    /// Deadline of one run.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}
