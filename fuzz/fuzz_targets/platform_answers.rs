//! What YouTube and Apify answer: the first byte chooses the status, the second the platform, the rest is the body.
#![no_main]

use tensorflix_domain::platform::Platform;
use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::outbound::limiter::{Limiter, Rate};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::platforms::{DailyBudget, PlatformApi, Scope};
use tensorflix_actors::ports::{Clock, Http, HttpError, HttpRequest, HttpResponse};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;

const STATUS: [u16; 8] = [200, 201, 400, 403, 404, 429, 500, 304];
const RATE: Rate = Rate { requests_per_second: 1_000_000.0, burst: 1_000_000 };

struct Paused(tokio::time::Instant);

#[async_trait]
impl Clock for Paused {
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn wall(&self) -> Moment {
        Moment::from_unix_ms(0)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

struct Same(HttpResponse);

#[async_trait]
impl Http for Same {
    async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        Ok(self.0.clone())
    }
}

async fn observe(platform: impl PlatformApi, outbound: Outbound, content: ContentId) {
    let asked = [content];
    for scope in [Scope::Everything, Scope::Numbers] {
        for route in platform.routes(scope) {
            if let Ok(answer) = platform.observe(&outbound, &route, &asked, Duration::MAX).await {
                assert!(answer.sightings.keys().all(|content| asked.contains(content)));
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let [status, platform, body @ ..] = input else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(Paused(tokio::time::Instant::now()));
        let limiter = Limiter::new(RATE, Arc::clone(&clock), ActorStats::new("fuzzed"));
        let status = STATUS[usize::from(*status) % STATUS.len()];
        let answer = HttpResponse { status, headers: BTreeMap::new(), body: body.to_vec() };
        let outbound = Outbound::new(Arc::new(Same(answer)), Arc::new(limiter));
        if platform % 2 == 0 {
            let youtube = YouTube {
                api_url: "https://youtube.test".parse().expect("a URL"),
                api_keys: vec!["key".to_owned().into()],
                batch_size: 50,
                max_in_flight: 1,
                daily_quota: DailyBudget::new(9_000),
                deadline: Duration::from_secs(15),
            };
            let content = ContentId::new(Platform::YOUTUBE, "dQw4w9WgXcQ").expect("an id");
            observe(youtube, outbound, content).await;
        } else {
            let instagram = Instagram {
                api_url: "https://apify.test".parse().expect("a URL"),
                api_key: Some("key".to_owned().into()),
                actor: "a~b".to_owned(),
                batch_size: 100,
                max_in_flight: 1,
                max_charge_usd: 1.0,
                daily_charge: DailyBudget::new(charge_units(5.0)),
                deadline: Duration::from_secs(180),
                clock,
            };
            let content = ContentId::new(Platform::INSTAGRAM, "CabcDEF1234").expect("an id");
            observe(instagram, outbound, content).await;
        }
    });
});
