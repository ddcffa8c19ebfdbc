//! The settings of Instagram.

use std::path::PathBuf;
use tensorflix_domain::policy::ViewMetric;
use tensorflix_settings::text_form::{self, constant_url};
use tensorflix_settings::{
    BASE_URL, BURST, Form, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT, integer, number, one_of, settings, text,
};
use url::Url;

const LONGEST_ACTOR: usize = 128;

const APIFY_ACTOR: Form = Form {
    is: "an Apify actor as user~name, or its id",
    accepts: |text| {
        (1..=LONGEST_ACTOR).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"~._-".contains(&byte))
    },
};

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
        actor: String = "apify~instagram-reel-scraper".to_owned(), text(APIFY_ACTOR);

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
