//! Instagram, by an Apify actor: one run observes many reels, and its data set is read when the run has ended.
//!
//! - Items are joined by short code, never by order. An item that says `not_found` is absence; `no_items` may also
//!   mean that the scraper was blocked, and is unknown, as is a reel without an item.
//! - The largest charge of a run is debited before it is started; what it did not spend is refunded when Apify reports
//!   its cost, and all of it if Apify refuses to start it. A run of unknown cost stays debited.
//! - No run is started twice: if it is uncertain whether a run was started, the start is not repeated. Requests that
//!   only read (a run's state, its data set) are retried after a temporary failure, so that no paid run is lost to one
//!   bad answer.
//! - However a run ended, its data is read. A run that still goes on at the deadline is stopped and read too, and the
//!   deadline is never later than that of the order that pays for it. No run is started if the order has too little
//!   time left to get any data.
//! - A data set may be filled some time after its run has ended: as long as some reel has no item in it, it is read
//!   again.

mod account;
mod frames;
mod items;
mod published;
mod refusals;
mod runs;
mod settings;
mod span;

pub use account::{Instagram, UNITS_PER_USD, charge_units};
pub use published::InstagramReel;
pub use settings::InstagramSettings;

use crate::outbound::Outbound;
use crate::platforms::spec::read;
use crate::platforms::{
    AnswerSchema, BatchAnswer, BatchError, BatchFailure, DailyBudget, PlatformApi, PlatformSpec, Route, Scope, Terms,
    TrackerRoute, json,
};
use async_trait::async_trait;
use items::Joined;
use runs::{Run, RunError};
use span::Span;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::platform::Platform;
use tensorflix_settings::StatedSection;

/// The bucket of the ledger, in [`UNITS_PER_USD`].
pub const BUCKET: &str = "apify";

/// Milliseconds in a day of UTC.
const DAY_MS: i64 = 24 * 3_600_000;

/// Least time for a run, in which a container starts, the first reels are scraped and the data set is read; half of
/// the deadline at most. With less, a run would be paid for and return nothing.
const LEAST_FOR_A_RUN: Duration = Duration::from_secs(60);

/// Pauses before the retries of a start that Apify refused temporarily: other runs end within a minute or two.
const START_RETRY_PAUSES: &[Duration] =
    &[Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(30), Duration::from_secs(60)];

/// How it is registered.
pub static SPEC: PlatformSpec = PlatformSpec {
    platform: Platform::INSTAGRAM,
    settings: StatedSection::of::<InstagramSettings>(),
    most_keys: 1,
    connect: |connection| Arc::new(Instagram::connected(connection)),
    daily_units: |settings| charge_units(read::<InstagramSettings>(settings).daily_charge_usd),
    warning: |settings| {
        let InstagramSettings { max_charge_usd, daily_charge_usd, .. } = read(settings);
        (daily_charge_usd < max_charge_usd).then(|| {
            format!(
                "instagram.daily_charge_usd = {daily_charge_usd} is below max_charge_usd = {max_charge_usd}: no run on Apify \
                 can be paid for"
            )
        })
    },
    budget: |settings| format!("Apify may charge {} USD a day", read::<InstagramSettings>(settings).daily_charge_usd),
    price: |units| {
        #[expect(clippy::cast_precision_loss, reason = "an amount that is shown with two decimals")]
        let usd = units as f64 / UNITS_PER_USD;
        format!("at most {usd:.2} US dollars")
    },
    most_frames: 1,
    frames: frames::frames,
    tracker: TrackerRoute {
        path: "/instagram/reel/{reel_id}",
        parameter: "reel_id",
        collector: "instagram_collector",
        answer: |reel, found| json(&InstagramReel::new(reel, found)),
        schema: AnswerSchema::of::<InstagramReel>,
    },
};

#[async_trait]
impl PlatformApi for Instagram {
    fn id(&self) -> Platform {
        SPEC.platform
    }

    fn terms(&self) -> Terms {
        Terms {
            batch_size: self.batch_size,
            max_in_flight: self.max_in_flight,
            units_per_batch: charge_units(self.max_charge_usd),
            daily_budget: self.daily_charge.units(),
            retry_pauses: START_RETRY_PAUSES,
            least_time: self.least_time(),
        }
    }

    fn budget(&self) -> &DailyBudget {
        &self.daily_charge
    }

    /// Every request costs the same, whatever is requested of a reel.
    fn routes(&self, scope: Scope) -> Vec<Route> {
        let has_route = self.api_key.is_some() && scope == Scope::Everything;
        has_route.then(|| Route { key: 0, scope, bucket: BUCKET.to_owned() }).into_iter().collect()
    }

    async fn observe(
        &self,
        outbound: &Outbound,
        _: &Route,
        contents: &[ContentId],
        until: Duration,
    ) -> Result<BatchAnswer, BatchFailure> {
        let span = Span::new(self.clock.monotonic(), self.deadline, until);
        let started = self.start_run(outbound, contents, span).await?;
        let (run, trouble) = self.ended(outbound, started, span).await;
        let joined = self.read_items(outbound, &run, contents, span).await;
        let spent_usd = run.cost_usd.filter(|_| run.has_ended()).unwrap_or(self.max_charge_usd);
        let unspent_units = charge_units(self.max_charge_usd).saturating_sub(charge_units(spent_usd.max(0.0)));
        let trouble = trouble.or_else(|| run.trouble());
        match (joined, trouble) {
            (Ok(joined), Some(trouble)) if joined.is_empty() => {
                Err(BatchFailure { error: BatchError::Lost(trouble), unspent_units })
            }
            (Ok(joined), trouble) => Ok(joined.into_answer(contents, trouble.as_deref(), unspent_units)),
            (Err(error), trouble) => {
                let error = trouble.map_or_else(|| error.to_string(), |trouble| format!("{trouble}; {error}"));
                Err(BatchFailure { error: BatchError::Lost(error), unspent_units })
            }
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
    fn least_time(&self) -> Duration {
        LEAST_FOR_A_RUN.min(self.deadline / 2)
    }

    /// Follows a run to its end, and stops it when there is just enough time left to read its data. Returns what went
    /// wrong beside it.
    async fn ended(&self, outbound: &Outbound, run: Run, span: Span) -> (Run, Option<String>) {
        let followed = tokio::select! {
            biased;
            followed = self.follow(outbound, &run) => followed,
            () = self.clock.sleep(span.stop.saturating_sub(self.clock.monotonic())) => {
                let patience = span.end.saturating_sub(self.clock.monotonic()) / 4;
                let stopped = self.stop(outbound, &run, patience).await;
                return (stopped.unwrap_or(run), Some(RunError::TooLate(span.seconds()).to_string()));
            }
        };
        match followed {
            Ok(ended) => (ended, None),
            Err(error) => (run, Some(error.to_string())),
        }
    }

    /// Reads the items of a run, and reads them again while some reel has no item and there is time. A read that
    /// fails, or that shows less, removes nothing.
    async fn read_items(
        &self,
        outbound: &Outbound,
        run: &Run,
        contents: &[ContentId],
        span: Span,
    ) -> Result<Joined, RunError> {
        let mut joined: Option<Joined> = None;
        for pause in runs::looks() {
            let left = span.end.saturating_sub(self.clock.monotonic());
            if joined.is_some() && pause >= left {
                break;
            }
            self.clock.sleep(pause).await;
            let read = tokio::select! {
                biased;
                read = self.items(outbound, &run.dataset, contents) => read,
                () = self.clock.sleep(left.saturating_sub(pause)) => Err(RunError::TooLate(span.seconds())),
            };
            match (read, &mut joined) {
                (Ok(look), Some(joined)) => joined.add(look),
                (Ok(look), None) => joined = Some(look),
                (Err(error), None) => return Err(error),
                (Err(_), Some(_)) => break,
            }
            if joined.as_ref().is_some_and(|joined| joined.speaks_of_all(contents)) {
                break;
            }
        }
        Ok(joined.unwrap_or_default())
    }
}
