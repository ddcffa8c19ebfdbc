//! YouTube, by the Data API v3: up to 50 ids for one unit of quota.
//!
//! - `videos.list` gives everything, `videos.batchGetStats` statistics only; each has its own bucket, for every key.
//! - The wire format is the official discovery document's. Ids that a complete answer of `videos.list` leaves out are
//!   private, deleted or never existed, as far as this one answer shows; the API says no more about them. What
//!   `batchGetStats` leaves out is unknown: by its description it may answer in part.

mod answers;
mod calendar;
mod frames;
mod published;
mod refusals;
mod settings;

pub use calendar::{next_pacific_midnight, pacific_date};
pub use published::{LiveBroadcast, YoutubeVideo};
pub use settings::YoutubeSettings;

use crate::outbound::address::address;
use crate::outbound::{Outbound, Timing};
use crate::platforms::spec::read;
use crate::platforms::{
    AnswerSchema, BatchAnswer, BatchError, BatchFailure, Connection, DailyBudget, PlatformApi, PlatformSpec, Route,
    Scope, Terms, TrackerRoute, json, key_name,
};
use crate::ports::{Credential, HttpError, HttpRequest};
use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_settings::StatedSection;
use url::Url;

/// Most ids that one call takes.
pub const MAX_BATCH_SIZE: usize = 50;

/// Most keys that are used in turn.
const MOST_KEYS: usize = 50;

/// Units of quota that a call costs, whatever it requests.
const UNITS_PER_CALL: u64 = 1;

/// The prefix of the names of all its buckets in the ledger.
pub const BUCKET_PREFIX: &str = "youtube/";

/// One of the API's methods: its path, its bucket, and the fields that are requested. Fewer fields make smaller
/// answers at the same price.
struct Call {
    path: &'static str,
    bucket: &'static str,
    parts: &'static str,
    fields: &'static str,
}

const LIST: Call = Call {
    path: "videos",
    bucket: "videos.list",
    parts: "snippet,statistics,contentDetails,status",
    fields: "kind,items(id,snippet(publishedAt,channelId,title,description,tags,liveBroadcastContent,\
             thumbnails/high/url),statistics(viewCount,likeCount,commentCount),\
             contentDetails(duration,contentRating/ytRating),status(uploadStatus,containsSyntheticMedia))",
};

const STATS: Call = Call {
    path: "videos:batchGetStats",
    bucket: "videos.batchGetStats",
    parts: "statistics",
    fields: "kind,items(id,statistics(viewCount,likeCount,commentCount))",
};

/// Fifty videos with the longest descriptions that YouTube allows, all of it escaped, stay below this.
const MAX_ANSWER_BYTES: usize = 8 << 20;

const RETRY_PAUSES: &[Duration] = &[Duration::from_millis(500), Duration::from_secs(2)];

/// How it is registered.
pub static SPEC: PlatformSpec = PlatformSpec {
    platform: Platform::YOUTUBE,
    settings: StatedSection::of::<YoutubeSettings>(),
    most_keys: MOST_KEYS,
    connect: |connection| Arc::new(YouTube::connected(connection)),
    daily_units: |settings| read::<YoutubeSettings>(settings).daily_quota,
    warning: |_| None,
    budget: |settings| format!("{} units a day for each key", read::<YoutubeSettings>(settings).daily_quota),
    price: |units| {
        let plural = if units == 1 { "" } else { "s" };
        format!("{units} unit{plural} of the day's quota")
    },
    most_frames: frames::NAMES.len() as u64,
    frames: frames::frames,
    tracker: TrackerRoute {
        path: "/youtube/video/{video_id}",
        parameter: "video_id",
        collector: "youtube_collector",
        answer: |video, found| json(&YoutubeVideo::new(video, found)),
        schema: AnswerSchema::of::<YoutubeVideo>,
    },
};

/// The platform's settings.
pub struct YouTube {
    /// `youtube.api_url`.
    pub api_url: Url,
    /// `YOUTUBE_API_KEY`: used in turn, each with a budget of its own.
    pub api_keys: Vec<SecretString>,
    /// Contents in one call.
    pub batch_size: usize,
    /// Calls in flight at one time.
    pub max_in_flight: usize,
    /// Units that one key may spend in one day with one method.
    pub daily_quota: DailyBudget,
    /// For one call.
    pub deadline: Duration,
}

impl YouTube {
    /// With checked settings.
    pub fn connected(connection: Connection<'_>) -> Self {
        let settings: YoutubeSettings = connection.settings();
        Self {
            api_url: settings.api_url,
            api_keys: connection.keys,
            batch_size: settings.batch_size,
            max_in_flight: settings.max_in_flight,
            daily_quota: DailyBudget::new(settings.daily_quota),
            deadline: Duration::from_secs(settings.timeout_secs),
        }
    }
}

const fn call(scope: Scope) -> &'static Call {
    match scope {
        Scope::Everything => &LIST,
        Scope::Numbers => &STATS,
    }
}

#[async_trait]
impl PlatformApi for YouTube {
    fn id(&self) -> Platform {
        SPEC.platform
    }

    fn terms(&self) -> Terms {
        Terms {
            batch_size: self.batch_size.min(MAX_BATCH_SIZE),
            max_in_flight: self.max_in_flight,
            units_per_batch: UNITS_PER_CALL,
            daily_budget: self.daily_quota.units(),
            retry_pauses: RETRY_PAUSES,
            least_time: Duration::ZERO,
        }
    }

    fn budget(&self) -> &DailyBudget {
        &self.daily_quota
    }

    fn routes(&self, scope: Scope) -> Vec<Route> {
        let bucket = |key| format!("{BUCKET_PREFIX}{}/{}", call(scope).bucket, key_name(key));
        let route = |(place, key)| Route { key: place, scope, bucket: bucket(key) };
        self.api_keys.iter().enumerate().map(route).collect()
    }

    async fn observe(
        &self,
        outbound: &Outbound,
        route: &Route,
        contents: &[ContentId],
        until: Duration,
    ) -> Result<BatchAnswer, BatchFailure> {
        let Call { path, parts, fields, .. } = call(route.scope);
        let mut url =
            address(&self.api_url, &["youtube", "v3", path]).map_err(|error| BatchError::Lasting(error.to_string()))?;
        let ids: Vec<&str> = contents.iter().map(ContentId::as_str).collect();
        url.query_pairs_mut()
            .append_pair("part", parts)
            .append_pair("id", &ids.join(","))
            .append_pair("fields", fields);
        let mut request = HttpRequest::get(url, self.deadline, MAX_ANSWER_BYTES);
        let key = self.api_keys.get(route.key);
        request.credential = key.cloned().map(|key| Credential::Query("key", key));
        let response = outbound.send_within(request, Timing::until(until)).await.map_err(|error| match error {
            HttpError::AskedToWait(_) | HttpError::NoTimeLeft => {
                BatchFailure { error: BatchError::Held(format!("YouTube: {error}")), unspent_units: UNITS_PER_CALL }
            }
            HttpError::OutOfTime(_) => BatchError::OutOfTime(format!("YouTube: {error}")).into(),
            _ => BatchError::Passing { error: format!("YouTube: {error}"), retry_after: None }.into(),
        })?;
        Ok(match (response.status, route.scope) {
            (200, Scope::Everything) => answers::read_videos(&response.body, contents)?,
            (200, Scope::Numbers) => answers::read_stats(&response.body, contents)?,
            (_, Scope::Everything) => return Err(refusals::of_list(&response, key).into()),
            (_, Scope::Numbers) => return Err(refusals::of_stats(&response, key).into()),
        })
    }

    /// YouTube's quota resets at midnight in Los Angeles.
    fn ledger_date(&self, at: Moment) -> String {
        pacific_date(at)
    }

    fn ledger_reset(&self, at: Moment) -> Moment {
        next_pacific_midnight(at)
    }
}
