//! Where gists are read.

use std::path::PathBuf;
use std::time::Duration;
use url::Url;

use tensorflix_settings::text_form;
use tensorflix_settings::text_form::constant_url;
use tensorflix_settings::{BASE_URL, BURST, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT};
use tensorflix_settings::{integer, settings};

const KIBIBYTE: i64 = 1024;
const MEBIBYTE: i64 = 1024 * KIBIBYTE;

settings! {
    /// Where gists are read.
    [github] GithubSettings {
        /// Base URL of the API, which is used only for disputes, owners and revisions.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://api.github.com"), BASE_URL;

        /// Base URL of the files in gists; reading them uses no API request.
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

impl GithubSettings {
    /// Deadline of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}
