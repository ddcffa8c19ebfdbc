//! A scripted YouTube: `videos.list` gives all fields, `videos.batchGetStats` statistics alone.

use crate::gists::video;
use crate::observing::{Observing, Settings, Subject};
use crate::scripted_services::http::{Recorded, Reply, ScriptedHttp};
use crate::subnets::moment;
use crate::world::World;
use serde_json::{Value, json};
use std::time::Duration;
use tensorflix_actors::platforms::DailyBudget;
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::ports::Method;
use tensorflix_domain::ids::ContentId;

/// The path of `videos.list`.
pub const PATH: &str = "/youtube/v3/videos";

/// The path of `videos.batchGetStats`.
pub const STATS: &str = "/youtube/v3/videos:batchGetStats";

/// The date in Los Angeles at the blocks of the tests.
pub const TODAY: &str = "2026-08-20";

/// A YouTube with videos that all have 1,000 views.
pub struct Videos;

impl Subject for Videos {
    type Platform = YouTube;
    const REQUESTS_PER_BATCH: usize = 1;

    fn platform(_: &World, settings: &Settings) -> YouTube {
        YouTube {
            api_url: "https://youtube.example".parse().expect("a URL"),
            api_keys: settings.keys(),
            batch_size: settings.batch_size,
            max_in_flight: settings.max_in_flight,
            daily_quota: DailyBudget::new(settings.batches_per_day.into()),
            deadline: Duration::from_secs(15),
        }
    }

    fn content(number: u32) -> ContentId {
        video(number)
    }

    fn serve(http: &ScriptedHttp) {
        serve_videos(http, |id| Some(item(id, &json!({ "viewCount": "1000" }))));
    }
}

/// Answers with the items that `show` gives for the ids asked for, in the reverse order.
pub fn serve_videos(http: &ScriptedHttp, show: impl Fn(&str) -> Option<Value> + Send + 'static) {
    http.on(Method::Get, PATH, move |request| {
        let items: Vec<Value> = ids(request).iter().rev().filter_map(|id| show(id)).collect();
        Reply::json(&json!({ "items": items })).after(Duration::from_millis(200))
    });
}

/// An item of an answer, published five hours before block 0.
pub fn item(id: &str, statistics: &Value) -> Value {
    json!({ "id": id, "snippet": { "publishedAt": moment(-5.0).to_string() }, "statistics": statistics })
}

/// The ids that a request asks for.
pub fn ids(request: &Recorded) -> Vec<String> {
    request.query["id"].split(',').map(str::to_owned).collect()
}

/// The videos of these numbers.
pub fn videos(numbers: std::ops::Range<u32>) -> Vec<ContentId> {
    numbers.map(video).collect()
}

/// A refusal with the reason that YouTube gives.
pub fn error(status: u16, reason: &str) -> Reply {
    Reply::new(status, json!({ "error": { "errors": [{ "reason": reason }] } }).to_string())
}

/// Videos as `videos.list` and `batchGetStats` show them, except where `spoil` answers instead.
pub fn serve_both_methods(
    youtube: &Observing<Videos>,
    spoil: impl Fn(&Recorded) -> Option<Reply> + Clone + Send + 'static,
) {
    for path in [PATH, STATS] {
        let spoil = spoil.clone();
        youtube.world.http.on(Method::Get, path, move |request| {
            let items = ids(request).iter().map(|id| shown(request, id)).collect::<Vec<Value>>();
            spoil(request).unwrap_or_else(|| Reply::json(&json!({ "items": items })))
        });
    }
}

/// The item that such a YouTube shows of a video, by the method of the request.
pub fn shown(request: &Recorded, id: &str) -> Value {
    match request.path.as_str() {
        STATS => json!({ "id": id, "statistics": { "viewCount": "2000" } }),
        _ => item(id, &json!({ "viewCount": "1000" })),
    }
}

/// Starts an actor of which the YouTube answers both methods.
pub fn start_with_both_methods(settings: &Settings) -> Observing<Videos> {
    let youtube = Observing::start(settings);
    serve_both_methods(&youtube, |_| None);
    youtube
}
