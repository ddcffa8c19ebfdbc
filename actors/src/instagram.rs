//! Instagram, by an Apify actor: one run observes many reels, and its data set is read when the run has ended.
//!
//! - Items are joined by short code, never by order. An item that says `not_found` is absence; `no_items` may also
//!   mean that the scraper was blocked, and is unknown, as is a reel that no item speaks of.
//! - A run is debited its largest charge before it is started; what it did not spend is given back when Apify says
//!   what it cost. A run that is lost to a deadline stays debited.
//! - It starts no run twice: an attempt whose start is uncertain is not repeated. What only reads (a run's state, its
//!   data set) is asked for again after a failure in passing, so that no run that is paid for is lost to one bad answer.

use crate::decoding::{count, is_error, moment, text, texts};
use crate::github::address;
use crate::outbound::{LONGEST_PAUSE, Outbound};
use crate::platform::{BatchAnswer, BatchError, DailyBudget, Platform, PlatformActor, Route, Scope, Terms};
use crate::ports::{Clock, Credential, HttpError, HttpRequest, HttpResponse, Method};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::{self, ContentId};
use tensorflix_domain::observation::{Broadcast, Details, Metrics, Presence, Sighting};
use tensorflix_domain::verification::PlatformSignals;
use url::Url;

/// Observes reels.
pub type InstagramActor = PlatformActor<Instagram>;

/// Units of the ledger in a US dollar: it counts millionths.
pub const UNITS_PER_USD: f64 = 1_000_000.0;

/// The bucket of the ledger, in [`UNITS_PER_USD`].
pub const BUCKET: &str = "apify";

/// Milliseconds in a day of UTC.
const DAY_MS: i64 = 24 * 3_600_000;

/// Seconds that Apify may hold an answer back while a run goes on; its own limit is 60.
const WAIT_FOR_FINISH_SECS: u64 = 60;

/// Beyond [`WAIT_FOR_FINISH_SECS`], the time that an answer may take.
const ANSWER_MARGIN: Duration = Duration::from_secs(15);

/// An item of the scraper is a few kilobytes; this bounds a whole data set.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// Pauses before a GET is repeated: about a quarter of a minute in all, and longer ones where Apify asks for them.
const GET_RETRY_PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// The platform's settings.
pub struct Instagram {
    /// `instagram.api_url`.
    pub api_url: Url,
    /// `APIFY_API_KEY`.
    pub api_key: Option<SecretString>,
    /// The Apify actor, such as `apify~instagram-reel-scraper`.
    pub actor: String,
    /// Reels in one run.
    pub batch_size: usize,
    /// Runs under way at one time.
    pub max_in_flight: usize,
    /// Largest charge of one run, in US dollars.
    pub max_charge_usd: f64,
    /// Largest charge of one day, in units of the ledger: see [`charge_units`].
    pub daily_charge: DailyBudget,
    /// For one run, from its start to its data.
    pub deadline: Duration,
    /// For pauses and deadlines.
    pub clock: Arc<dyn Clock>,
}

/// A run, as Apify describes it.
struct Run {
    id: String,
    status: String,
    dataset: String,
    cost_usd: Option<f64>,
}

impl Run {
    /// Reads an answer, which holds no run if it was cut or comes from something in between.
    fn read(response: &HttpResponse) -> Option<Self> {
        let answer: Value = serde_json::from_slice(&response.body).ok()?;
        let data = &answer["data"];
        let field = |name: &str| data[name].as_str().map(str::to_owned);
        Some(Self {
            id: field("id")?,
            status: field("status")?,
            dataset: field("defaultDatasetId")?,
            cost_usd: data["usageTotalUsd"].as_f64(),
        })
    }

    fn has_ended(&self) -> bool {
        !matches!(self.status.as_str(), "READY" | "RUNNING" | "TIMING-OUT" | "ABORTING")
    }
}

#[async_trait]
impl Platform for Instagram {
    fn id(&self) -> ids::Platform {
        ids::Platform::Instagram
    }

    fn terms(&self) -> Terms {
        Terms {
            batch_size: self.batch_size,
            max_in_flight: self.max_in_flight,
            units_per_batch: charge_units(self.max_charge_usd),
            daily_budget: self.daily_charge.units(),
            retry_pauses: &[],
        }
    }

    /// Every look costs the same, whatever of a reel is asked for.
    fn routes(&self, scope: Scope) -> Vec<Route> {
        let has_route = self.api_key.is_some() && scope == Scope::Everything;
        has_route.then(|| Route { key: 0, scope, bucket: BUCKET.to_owned() }).into_iter().collect()
    }

    async fn observe(&self, outbound: &Outbound, _: &Route, contents: &[ContentId]) -> Result<BatchAnswer, BatchError> {
        let work = async {
            let mut run = self.start_run(outbound, contents).await?;
            while !run.has_ended() {
                run = self.poll_run(outbound, &run).await?;
            }
            if run.status != "SUCCEEDED" {
                let error = format!("the Apify run ended as {}", run.status);
                return Err(BatchError::Passing { error, retry_after: None });
            }
            let items = self.read_items(outbound, &run.dataset).await?;
            let spent = run.cost_usd.map_or(self.max_charge_usd, |cost_usd| cost_usd.max(0.0));
            let unspent_units = charge_units(self.max_charge_usd).saturating_sub(charge_units(spent));
            Ok(BatchAnswer { sightings: read_sightings(&items, contents), unspent_units })
        };
        tokio::select! {
            biased;
            answer = work => answer,
            () = self.clock.sleep(self.deadline) => Err(BatchError::Passing {
                error: format!("an Apify run did not end within {} s", self.deadline.as_secs()),
                retry_after: None,
            }),
        }
    }

    /// Charges are budgeted by days of UTC.
    fn ledger_date(&self, at: Moment) -> String {
        let at = chrono::DateTime::from_timestamp_millis(at.unix_ms()).unwrap_or_default();
        at.format("%Y-%m-%d").to_string()
    }

    fn ledger_reset(&self, at: Moment) -> Moment {
        let days = at.unix_ms().div_euclid(DAY_MS);
        Moment::from_unix_ms(days.saturating_add(1).saturating_mul(DAY_MS))
    }
}

impl Instagram {
    async fn start_run(&self, outbound: &Outbound, contents: &[ContentId]) -> Result<Run, BatchError> {
        let mut url = address(&self.api_url, &["v2", "acts", &self.actor, "runs"]).map_err(BatchError::Lasting)?;
        url.query_pairs_mut()
            .append_pair("waitForFinish", &WAIT_FOR_FINISH_SECS.to_string())
            .append_pair("maxItems", &contents.len().to_string())
            .append_pair("maxTotalChargeUsd", &self.max_charge_usd.to_string());
        let reels: Vec<String> =
            contents.iter().map(|reel| format!("https://www.instagram.com/reel/{}/", reel.as_str())).collect();
        let mut request = self.request(url);
        request.method = Method::Post;
        request.body = Some(json!({ "username": reels, "resultsLimit": contents.len() }).to_string());
        let response = self.send(outbound, request, 201).await?;
        Run::read(&response).ok_or_else(|| BatchError::Lasting("Apify's answer is not a run".to_owned()))
    }

    async fn poll_run(&self, outbound: &Outbound, run: &Run) -> Result<Run, BatchError> {
        let mut url = address(&self.api_url, &["v2", "actor-runs", &run.id]).map_err(BatchError::Lasting)?;
        url.query_pairs_mut().append_pair("waitForFinish", &WAIT_FOR_FINISH_SECS.to_string());
        self.get(outbound, &url, "a run", Run::read).await
    }

    async fn read_items(&self, outbound: &Outbound, dataset: &str) -> Result<Vec<Value>, BatchError> {
        let url = address(&self.api_url, &["v2", "datasets", dataset, "items"]).map_err(BatchError::Lasting)?;
        self.get(outbound, &url, "a list of items", |response| serde_json::from_slice(&response.body).ok()).await
    }

    /// Reads something, again after failures in passing, an answer that is not `what` it should be among them.
    async fn get<T>(
        &self,
        outbound: &Outbound,
        url: &Url,
        what: &str,
        read: impl Fn(&HttpResponse) -> Option<T>,
    ) -> Result<T, BatchError> {
        let mut pauses = GET_RETRY_PAUSES.iter();
        loop {
            let answered = self.send(outbound, self.request(url.clone()), 200).await.and_then(|response| {
                let error = || format!("Apify's answer is not {what}");
                read(&response).ok_or_else(|| BatchError::Passing { error: error(), retry_after: None })
            });
            match (answered, pauses.next()) {
                // The run is paid for, whether or not anybody may ask for it.
                (Err(BatchError::Held(error)), _) => return Err(BatchError::Lasting(error)),
                (Err(BatchError::Passing { error, retry_after }), Some(pause)) => {
                    let pause = retry_after.unwrap_or_default().max(*pause);
                    if pause > LONGEST_PAUSE {
                        return Err(BatchError::Passing { error, retry_after });
                    }
                    tracing::debug!(error, pause_ms = pause.as_millis(), "asking Apify again");
                    self.clock.sleep(pause).await;
                }
                (answered, _) => return answered,
            }
        }
    }

    fn request(&self, url: Url) -> HttpRequest {
        let deadline = Duration::from_secs(WAIT_FOR_FINISH_SECS) + ANSWER_MARGIN;
        let mut request = HttpRequest::get(url, deadline, MAX_ANSWER_BYTES);
        request.credential = self.api_key.clone().map(Credential::Bearer);
        request
    }

    async fn send(&self, outbound: &Outbound, request: HttpRequest, expected: u16) -> Result<HttpResponse, BatchError> {
        let passing = |error: String, retry_after| BatchError::Passing { error, retry_after };
        let response = outbound.send(request).await.map_err(|error| match error {
            HttpError::AskedToWait(_) => BatchError::Held(format!("Apify: {error}")),
            _ => passing(format!("Apify: {error}"), None),
        })?;
        match response.status {
            status if status == expected || status == 200 => Ok(response),
            401 => Err(BatchError::Lasting("Apify refuses the token: check APIFY_API_KEY".to_owned())),
            402 => Err(BatchError::Unfunded("Apify says that the account's limit is reached".to_owned())),
            status @ (429 | 500..) => Err(passing(format!("Apify answered {status}"), response.retry_after())),
            status => Err(BatchError::Lasting(format!("Apify answered {status}"))),
        }
    }
}

/// US dollars in units of the ledger, rounded up.
pub fn charge_units(usd: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "configuration bounds charges")]
    let units = (usd * UNITS_PER_USD).ceil().max(0.0) as u64;
    units
}

/// Joins the items of a data set to the reels that were asked for.
fn read_sightings(items: &[Value], asked: &[ContentId]) -> BTreeMap<ContentId, Sighting> {
    let asked: BTreeMap<&str, &ContentId> = asked.iter().map(|content| (content.as_str(), content)).collect();
    let mut sightings = BTreeMap::new();
    for item in items {
        if item["error"].as_str() == Some("not_found") {
            let url = item["inputUrl"].as_str().or_else(|| item["url"].as_str());
            if let Some(content) = url.and_then(short_code).and_then(|code| asked.get(code)) {
                sightings.entry((*content).clone()).or_insert(Sighting::Absent);
            }
        } else if let (false, Some(content)) =
            (is_error(item), item["shortCode"].as_str().and_then(|code| asked.get(code)))
        {
            sightings.insert((*content).clone(), Sighting::Present(Box::new(read_reel(item))));
        }
    }
    sightings
}

/// The short code in the address of a reel.
fn short_code(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?.trim_end_matches('/');
    path.rsplit('/').next()
}

fn read_reel(item: &Value) -> Presence {
    Presence {
        metrics: Metrics {
            view_count: count(&item["videoViewCount"]),
            play_count: count(&item["videoPlayCount"]),
            like_count: count(&item["likesCount"]),
            comment_count: count(&item["commentsCount"]),
        },
        details: Details {
            published_at: moment(&item["timestamp"]),
            title: String::new(),
            description: text(&item["caption"]),
            author: text(&item["ownerUsername"]),
            tags: texts(&item["hashtags"]),
            duration_secs: item["videoDuration"].as_f64().map(whole_seconds),
            broadcast: Broadcast::None,
            thumbnail_url: item["displayUrl"].as_str().map(str::to_owned),
            signals: PlatformSignals::default(),
        },
    }
}

fn whole_seconds(seconds: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u32")]
    let whole = seconds.clamp(0.0, f64::from(u32::MAX)) as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_joined_by_short_code_and_unclear_ones_say_nothing() {
        let asked: Vec<ContentId> = ["AAAAA", "BBBBB", "CCCCC", "DDDDD", "EEEEE"]
            .map(|id| ContentId::new(ids::Platform::Instagram, id).expect("an id"))
            .to_vec();
        let items = [
            json!({"shortCode": "CCCCC", "videoViewCount": 5, "videoPlayCount": "9", "likesCount": -1}),
            json!({"error": "not_found", "inputUrl": "https://www.instagram.com/reel/BBBBB/?x=1"}),
            json!({"error": "no_items", "inputUrl": "https://www.instagram.com/reel/AAAAA/"}),
            json!({"shortCode": "ZZZZZ", "videoViewCount": 1_000_000}),
            json!({"shortCode": "DDDDD", "error": {"type": "blocked"}}),
            json!({"shortCode": "DDDDD", "error": true, "videoViewCount": 1}),
            json!({"error": "not_found", "url": "https://www.instagram.com/reel/EEEEE"}),
            json!("nonsense"),
            json!(null),
        ];
        let sightings = read_sightings(&items, &asked);
        assert_eq!(sightings.keys().map(ContentId::as_str).collect::<Vec<_>>(), ["BBBBB", "CCCCC", "EEEEE"]);
        assert_eq!(sightings[&asked[1]], Sighting::Absent);
        let Sighting::Present(reel) = &sightings[&asked[2]] else { panic!("present") };
        assert_eq!(reel.metrics.view_count, Some(5), "the field is videoViewCount");
        assert_eq!((reel.metrics.play_count, reel.metrics.like_count), (Some(9), None));
    }

    #[test]
    fn charges_are_rounded_up_to_millionths() {
        assert_eq!(
            [charge_units(1.0), charge_units(0.000_000_1), charge_units(0.0), charge_units(-1.0)],
            [1_000_000, 1, 0, 0]
        );
    }
}
