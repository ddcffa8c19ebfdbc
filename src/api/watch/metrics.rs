//! Counters and gauges in the OpenMetrics text format, built for each scrape from values that are counted elsewhere.
//!
//! Names are `tensorflix_…` with the unit last, as Prometheus wants them. Labels are names of this program (actors,
//! services, routes, buckets): their number is fixed, whatever clients or miners send.

use super::findings;
use super::findings::HealthFinding;
use super::health;
use super::status::HealthStatus;
use super::vitals::Vitals;
use crate::api::service::Service;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tensorflix_actors::stats::StatsReading;

/// The content type of the answer.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The route label of a request to an unknown path.
const NO_ROUTE: &str = "unmatched";

/// Upper bounds of the histogram of times: from an answer out of the store to a run on Apify.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0];

type Labels<const N: usize> = [(&'static str, String); N];
type FloatGauge = Gauge<f64, AtomicU64>;
type FloatCounter = Counter<f64, AtomicU64>;

/// What a service counts of its requests.
pub struct RequestCounters {
    requests: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Histogram, fn() -> Histogram>,
}

impl Default for RequestCounters {
    fn default() -> Self {
        Self { requests: Family::default(), durations: Family::new_with_constructor(|| Histogram::new(SECONDS)) }
    }
}

impl RequestCounters {
    /// Counts an answered request. `route` is the pattern of its path.
    pub fn count(&self, service: Service, route: Option<String>, status: u16, took: Duration) {
        let route = route.unwrap_or_else(|| NO_ROUTE.to_owned());
        let service = ("service", service.name().to_owned());
        self.durations.get_or_create(&[service.clone(), ("route", route.clone())]).observe(took.as_secs_f64());
        self.requests.get_or_create(&[service, ("route", route), ("status", status.to_string())]).inc();
    }
}

/// Everything, as text.
pub fn text(service: Service, requests: &RequestCounters, vitals: &Vitals) -> String {
    let mut registry = Registry::with_prefix("tensorflix");
    registry.register("build", "The program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    registry.register("http_requests", "Requests answered", requests.requests.clone());
    let help = "Time from a request's head to its answer";
    registry.register_with_unit("http_request_duration", help, Unit::Seconds, requests.durations.clone());
    register_actors(&mut registry, vitals);
    register_budgets(&mut registry, vitals);
    register_progress(&mut registry, service, vitals);
    let mut text = String::new();
    // Writing into memory does not fail.
    let _ = encode(&mut text, &registry);
    text
}

fn register_actors(registry: &mut Registry, vitals: &Vitals) {
    let readings: Vec<StatsReading> = vitals.stats.iter().map(|stats| stats.read()).collect();
    let labels = |reading: &StatsReading| [("actor", reading.name.to_owned())];
    let mut counters = |name: &str, help: &str, value: fn(&StatsReading) -> u64| {
        let family = Family::<Labels<1>, Counter>::default();
        for reading in &readings {
            family.get_or_create(&labels(reading)).inc_by(value(reading));
        }
        registry.register(name, help, family);
    };
    counters("actor_handled", "Pieces of work that succeeded", |reading| reading.handled);
    counters("actor_failed", "Pieces of work that failed", |reading| reading.failed);
    counters("actor_restarts", "Restarts by the supervisor", |reading| reading.restarts);
    register_outcomes(registry, vitals);
    let (in_flight, paused, waited) = (
        Family::<Labels<1>, Gauge>::default(),
        Family::<Labels<1>, Gauge>::default(),
        Family::<Labels<1>, FloatCounter>::default(),
    );
    for reading in &readings {
        in_flight.get_or_create(&labels(reading)).set(whole(reading.in_flight));
        paused.get_or_create(&labels(reading)).set(i64::from(reading.is_resting));
        let wait = Duration::from_millis(reading.limiter_wait_ms);
        waited.get_or_create(&labels(reading)).inc_by(wait.as_secs_f64());
    }
    registry.register("actor_in_flight", "Pieces of work under way", in_flight);
    registry.register("actor_resting", "1 while the actor is paused after too many restarts", paused);
    registry.register_with_unit("actor_limiter_wait", "Time spent waiting for a limiter", Unit::Seconds, waited);
}

/// The outcomes of the last pieces of work. Error texts are in `/health` and the log: as labels they would be unbounded.
fn register_outcomes(registry: &mut Registry, vitals: &Vitals) {
    let (in_a_row, parts, failed_parts, succeeded, failed) = (
        Family::<Labels<2>, Gauge>::default(),
        Family::<Labels<2>, Gauge>::default(),
        Family::<Labels<2>, Gauge>::default(),
        Family::<Labels<2>, Counter>::default(),
        Family::<Labels<2>, Counter>::default(),
    );
    for stats in &vitals.stats {
        for (subject, outcome) in stats.outcomes().read() {
            let labels = [("actor", stats.name().to_owned()), ("subject", subject)];
            in_a_row.get_or_create(&labels).set(i64::from(outcome.failures_in_a_row));
            parts.get_or_create(&labels).set(whole(outcome.parts));
            failed_parts.get_or_create(&labels).set(whole(outcome.failed_parts));
            succeeded.get_or_create(&labels).inc_by(outcome.succeeded);
            failed.get_or_create(&labels).inc_by(outcome.failed);
        }
    }
    registry.register("work_failures_in_a_row", "Failed pieces of work in a row", in_a_row);
    registry.register("work_last_parts", "Parts of the last piece of work, such as the gists of a round", parts);
    registry.register("work_last_failed_parts", "Parts of the last piece of work that failed", failed_parts);
    registry.register("work_succeeded", "Pieces of work that succeeded, at least in part", succeeded);
    registry.register("work_failed", "Pieces of work that failed", failed);
}

fn register_budgets(registry: &mut Registry, vitals: &Vitals) {
    let [spent, left, budgets, keys] = std::array::from_fn(|_| Family::<Labels<1>, Gauge>::default());
    let resets = Family::<Labels<1>, FloatGauge>::default();
    for source in &vitals.sources {
        keys.get_or_create(&[("platform", source.id().to_string())]).set(i64::from(source.has_key()));
        for (bucket, budget) in vitals.buckets(source) {
            let labels = [("bucket", bucket)];
            spent.get_or_create(&labels).set(whole(budget.spent));
            left.get_or_create(&labels).set(whole(budget.left()));
            budgets.get_or_create(&labels).set(whole(budget.units));
            if let Some(time) = vitals.time() {
                resets.get_or_create(&labels).set(seconds(source.next_reset(time).unix_ms()));
            }
        }
    }
    registry.register("quota_spent_units", "Units of the daily budget that are spent", spent);
    registry.register("quota_left_units", "Units of the daily budget that are left", left);
    registry.register("quota_budget_units", "Units of the daily budget", budgets);
    registry.register_with_unit("quota_reset_timestamp", "Time of the next quota reset", Unit::Seconds, resets);
    registry.register("platform_has_key", "1 if there is a key for the platform", keys);
}

fn register_progress(registry: &mut Registry, service: Service, vitals: &Vitals) {
    let reading = vitals.reading();
    let findings = findings::findings(service, vitals);
    let standing = level(health::standing(&findings));
    let reasons = Family::<Labels<2>, Gauge>::default();
    for HealthFinding { standing, kind, subject, .. } in findings {
        reasons.get_or_create(&[("reason", kind.to_owned()), ("subject", subject)]).set(level(standing));
    }
    registry.register("health_reason", "Each reason of /health: 1 degraded, 0 unhealthy", reasons);
    // An unknown value has no sample.
    let mut gauge = |name: &str, help: &str, value: Option<i64>| {
        if let Some(value) = value {
            let gauge = Gauge::<i64>::default();
            gauge.set(value);
            registry.register(name, help, gauge);
        }
    };
    gauge("health", "2 healthy, 1 degraded, 0 unhealthy", Some(standing));
    gauge("chain_head_block", "The newest finalized block", reading.head.map(|head| i64::from(head.block)));
    gauge("chain_subnet_block", "The block at which the subnet was last read", reading.subnet_block.map(i64::from));
    gauge("gist_round_block", "The newest finished polling round of gists", reading.gist_round.map(i64::from));
    gauge("cycle", "The newest cycle", reading.cycle.map(i64::from));
    gauge("weights_last_block", "Block in which weights were last confirmed", reading.weights_block.map(i64::from));
    let mut time = |name: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            let gauge = FloatGauge::default();
            gauge.set(value);
            registry.register_with_unit(name, help, Unit::Seconds, gauge);
        }
    };
    let age = reading.head.map(|_| vitals.monotonic().saturating_sub(reading.head_since).as_secs_f64());
    time("chain_head_age", "Time since that block was first seen", age);
    time("chain_head_timestamp", "Chain time of that block", reading.head.map(|head| seconds(head.time.unix_ms())));
    time("uptime", "Time since the start", Some(vitals.uptime().as_secs_f64()));
}

const fn level(standing: HealthStatus) -> i64 {
    match standing {
        HealthStatus::Healthy => 2,
        HealthStatus::Degraded => 1,
        HealthStatus::Unhealthy => 0,
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(unix_ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of calendar dates are below 2^53")]
    let seconds = unix_ms as f64 / 1_000.0;
    seconds
}
