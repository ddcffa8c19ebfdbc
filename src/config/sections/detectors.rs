//! Services that check videos and reels.

use std::path::PathBuf;
use tensorflix_domain::verification::Check;
use url::Url;

use super::forms;
use tensorflix_settings::text_form;
use tensorflix_settings::text_form::constant_url;
use tensorflix_settings::{BASE_URL, BURST, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT};
use tensorflix_settings::{Terms, integer, list, number, settings, text};

const DAILY_REQUESTS: Terms = integer(0..=1_000_000_000).unit("requests");
const REQUEST_USD: Terms = number(0.0..=1000.0).unit("US dollars");
const EXAMINED: Terms = IN_FLIGHT.unit("videos");

settings! {
    /// SightEngine looks at the frames that the platform picked, for ai and illicit. This costs money.
    [sightengine] SightengineSettings {
        /// Base URL of the API.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://api.sightengine.com"), BASE_URL;

        /// File with the API user. Without user and secret SightEngine is not used.
        #[serde(with = "text_form::optional_path")]
        api_user_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("SIGHTENGINE_API_USER");

        /// File with the API secret.
        #[serde(with = "text_form::optional_path")]
        api_secret_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("SIGHTENGINE_API_SECRET");

        /// Rate of requests.
        requests_per_second: f64 = 2.0, RATE;

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 2, BURST;

        /// Videos that are examined at the same time.
        max_in_flight: usize = 2, EXAMINED;

        /// Requests in one UTC day; a YouTube video takes three.
        daily_requests: u64 = 2_000, DAILY_REQUESTS;

        /// Price of one request, for `tensorflix verifier-cost`: see your plan.
        usd_per_request: f64 = 0.02, REQUEST_USD;

        /// Deadline of one request.
        timeout_secs: u64 = 30, TIMEOUT;
    }
}

settings! {
    /// OpenAI's moderation reads texts and looks at frames, for illicit.
    [openai] OpenaiSettings {
        /// Base URL of the API.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://api.openai.com"), BASE_URL;

        /// File with the API key. Without it OpenAI is not used.
        #[serde(with = "text_form::optional_path")]
        api_key_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("OPENAI_API_KEY");

        /// Rate of requests.
        requests_per_second: f64 = 5.0, RATE;

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 5, BURST;

        /// Videos that are examined at the same time.
        max_in_flight: usize = 4, EXAMINED;

        /// Requests in one UTC day; a YouTube video takes three.
        daily_requests: u64 = 20_000, DAILY_REQUESTS;

        /// Price of one request, for `tensorflix verifier-cost`: see your plan.
        usd_per_request: f64 = 0.0, REQUEST_USD;

        /// Deadline of one request.
        timeout_secs: u64 = 30, TIMEOUT;
    }
}

settings! {
    /// Your own detector. It receives POST {check, content, task} and answers
    /// {verdict: "pass", "fail" or "unknown", confidence: 0 to 1, evidence}.
    [webhook] WebhookSettings {
        /// Its address; empty switches it off.
        #[serde(with = "text_form::optional_url")]
        url: Option<Url> = None, text(tensorflix_settings::OPTIONAL_HTTP_URL);

        /// File with a token that it receives as a bearer token.
        #[serde(with = "text_form::optional_path")]
        token_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("WEBHOOK_TOKEN");

        /// The checks that it is asked for.
        checks: Vec<Check> = Check::ALL.to_vec(), list(forms::CHECK);

        /// Rate of requests.
        requests_per_second: f64 = 10.0, RATE;

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 10, BURST;

        /// Videos that are examined at the same time.
        max_in_flight: usize = 4, EXAMINED;

        /// Requests in one UTC day; a video takes one for each check, and one for each task with topic.
        daily_requests: u64 = 100_000, DAILY_REQUESTS;

        /// Price of one request, for `tensorflix verifier-cost`.
        usd_per_request: f64 = 0.0, REQUEST_USD;

        /// Deadline of one request.
        timeout_secs: u64 = 30, TIMEOUT;
    }
}
