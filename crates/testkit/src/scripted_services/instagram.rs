//! A scripted Apify: runs that observe reels, and their data sets.

use crate::gists::reel;
use crate::observing::{Settings, Subject};
use crate::scripted_services::http::{Recorded, Reply, ScriptedHttp};
use crate::world::World;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::platforms::DailyBudget;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::ports::Method;
use tensorflix_domain::ids::ContentId;

/// The path at which a run is started.
pub const RUNS: &str = "/v2/acts/apify~instagram-reel-scraper/runs";
/// The UTC date at the blocks of the tests.
pub const TODAY: &str = "2026-08-21";
/// A dollar in the units of the ledger.
pub const USD: u64 = 1_000_000;
/// Longest that a run may take.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// An Instagram with reels that all have 1,000 views.
pub struct Reels;

impl Subject for Reels {
    type Platform = Instagram;
    /// It is started, asked for twice, and its data set is read.
    const REQUESTS_PER_BATCH: usize = 4;

    fn platform(world: &World, settings: &Settings) -> Instagram {
        Instagram {
            api_url: "https://apify.example".parse().expect("a URL"),
            api_key: settings.key(),
            actor: "apify~instagram-reel-scraper".to_owned(),
            batch_size: settings.batch_size,
            max_in_flight: settings.max_in_flight,
            max_charge_usd: 1.0,
            daily_charge: DailyBudget::new(charge_units(settings.batches_per_day.into())),
            deadline: DEADLINE,
            clock: world.clock(),
        }
    }

    fn content(number: u32) -> ContentId {
        reel(number)
    }

    fn serve(http: &ScriptedHttp) {
        Apify::default().serve(http, |code| Some(json!({ "shortCode": code, "videoViewCount": 1_000 })));
    }
}

/// How runs go.
#[derive(Clone)]
pub struct Apify {
    /// The statuses that are answered for a run, in turn, from its start on.
    pub statuses: Vec<&'static str>,
    /// What a run reports that it cost.
    pub cost_usd: Value,
}

/// A run that was started.
struct Run {
    reels: Vec<String>,
    told_count: usize,
}

impl Default for Apify {
    /// A run that succeeds and spends all that it may.
    fn default() -> Self {
        Self { statuses: vec!["READY", "RUNNING", "SUCCEEDED"], cost_usd: json!(1.0) }
    }
}

impl Apify {
    /// Serves runs with data sets that hold what `show` gives for the reels asked for, in the reverse order.
    pub fn serve(self, http: &ScriptedHttp, show: impl Fn(&str) -> Option<Value> + Send + 'static) {
        let runs: Arc<Mutex<Vec<Run>>> = Arc::default();
        let describe = move |runs: &mut Vec<Run>, number: usize| {
            let told = runs[number].told_count.min(self.statuses.len() - 1);
            runs[number].told_count += 1;
            json!({ "data": {
                "id": format!("run{number}"),
                "status": self.statuses[told],
                "defaultDatasetId": format!("set{number}"),
                "usageTotalUsd": self.cost_usd,
            } })
            .to_string()
        };
        let (started, started_describe) = (Arc::clone(&runs), describe.clone());
        http.on(Method::Post, RUNS, move |request| {
            let mut runs = started.lock().expect("no panic while locked");
            runs.push(Run { reels: codes(request), told_count: 0 });
            let number = runs.len() - 1;
            Reply::new(201, started_describe(&mut runs, number))
        });
        http.on(Method::Get, "*", move |request| {
            let mut runs = runs.lock().expect("no panic while locked");
            let number = |text: &str| text.parse::<usize>().expect("a number");
            if let Some(run) = request.path.strip_prefix("/v2/actor-runs/run") {
                return Reply::new(200, describe(&mut runs, number(run))).after(Duration::from_secs(20));
            }
            let set = request.path.strip_prefix("/v2/datasets/set").and_then(|path| path.strip_suffix("/items"));
            let items: Vec<Value> =
                runs[number(set.expect("a data set"))].reels.iter().rev().filter_map(|code| show(code)).collect();
            Reply::json(&Value::Array(items))
        });
    }
}

/// The short codes of the reels that a run is started for.
pub fn codes(request: &Recorded) -> Vec<String> {
    let body = request.body.as_ref().expect("a body");
    let code = |url: &Value| {
        let url = url.as_str().expect("a text");
        url.strip_prefix("https://www.instagram.com/reel/")
            .and_then(|code| code.strip_suffix('/'))
            .expect(url)
            .to_owned()
    };
    body["username"].as_array().expect("a list").iter().map(code).collect()
}

/// The reels of these numbers.
pub fn reels(numbers: std::ops::Range<u32>) -> Vec<ContentId> {
    numbers.map(reel).collect()
}
