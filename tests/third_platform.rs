//! A platform that exists in this file alone, through the whole assembled process: its settings, key, gists, observations,
//! decision, tracker route, health, doctor. Its line in [`install`] is all that the process knows of it.
//!
//! It is alone in its test binary: a process installs its platforms once.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot run its process must fail")]
#![cfg(feature = "sandbox")]

use actix_web::{App as WebApp, HttpServer, web};
use async_trait::async_trait;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tensorflix::adapters::clock::SystemClock;
use tensorflix::adapters::http::HttpClient;
use tensorflix::commands::doctor;
use tensorflix::config::{Config, Overrides};
use tensorflix::console::session::{Session, Shown};
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix::wiring::serving::Services;
use tensorflix_actors::outbound::{Outbound, Timing};
use tensorflix_actors::platforms::{
    AnswerSchema, BatchAnswer, BatchError, BatchFailure, DailyBudget, Found, PLATFORMS, PlatformApi, PlatformSpec,
    Route, Scope, Terms, TrackerRoute, install, json,
};
use tensorflix_actors::ports::{Clock, Credential, HttpRequest};
use tensorflix_actors::scorer::Opening;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::{Details, Metrics, Presence, Sighting};
use tensorflix_domain::platform::{Platform, PlatformRules};
use tensorflix_domain::verdict::Status;
use tensorflix_domain::verification::CheckMode;
use tensorflix_sandbox::world::{Conduct, SUBMISSION_FILE, TASK_FILE};
use tensorflix_sandbox::{Sandbox, SandboxConfig};
use tensorflix_settings::text_form::{self, constant_url};
use tensorflix_settings::{BASE_URL, BURST, RATE, SECRET_FILE, StatedSection, TIMEOUT, integer, settings};
use url::Url;
use utoipa::ToSchema;

/// Ends a test that hangs. No machine is too slow for it, however busy.
const HANGS_AFTER: Duration = Duration::from_secs(600);

static RULES: PlatformRules = PlatformRules {
    name: "clips",
    title: "Clips",
    content: "clip",
    place: 2,
    id_lengths: 6..=6,
    since_unix_ms: 0,
    counts_plays: false,
};

settings! {
    /// A platform of short clips.
    [clips] ClipsSettings {
        /// Base URL of the API.
        #[serde(with = "text_form::url")]
        api_url: Url = constant_url("https://clips.example"), BASE_URL;

        /// File with the API key.
        #[serde(with = "text_form::optional_path")]
        api_key_file: Option<PathBuf> = None, SECRET_FILE.secret_variable("CLIPS_API_KEY");

        /// Rate of requests.
        requests_per_second: f64 = 5.0, RATE.reloads();

        /// Requests that may be sent at once.
        burst: u32 = 10, BURST.reloads();

        /// Requests in one day.
        daily_requests: u64 = 100, integer(0..=1000).unit("requests").reloads();

        /// Deadline of one request.
        timeout_secs: u64 = 15, TIMEOUT;
    }
}

static SPEC: PlatformSpec = PlatformSpec {
    platform: Platform::new(&RULES),
    settings: StatedSection::of::<ClipsSettings>(),
    most_keys: 1,
    connect: |connection| {
        let settings: ClipsSettings = connection.settings();
        Arc::new(Clips {
            key: connection.keys.into_iter().next(),
            budget: DailyBudget::new(settings.daily_requests),
            deadline: Duration::from_secs(settings.timeout_secs),
            api_url: settings.api_url,
        })
    },
    daily_units: |settings| {
        settings["daily_requests"].as_integer().and_then(|units| units.try_into().ok()).unwrap_or(0)
    },
    warning: |_| None,
    budget: |settings| format!("{} requests a day", settings["daily_requests"]),
    price: |units| format!("{units} requests"),
    most_frames: 0,
    frames: |_, _| Vec::new(),
    tracker: TrackerRoute {
        path: "/clips/clip/{clip_id}",
        parameter: "clip_id",
        collector: "clips_collector",
        answer: |clip, found| json(&Clip::new(clip, found)),
        schema: AnswerSchema::of::<Clip>,
    },
};

/// What the tracker says of a clip.
#[derive(Serialize, ToSchema)]
struct Clip {
    clip_id: String,
    view_count: Option<u64>,
}

impl Clip {
    fn new(clip: &ContentId, found: Found) -> Self {
        Self { clip_id: clip.as_str().to_owned(), view_count: found.presence.metrics.view_count }
    }
}

struct Clips {
    api_url: Url,
    key: Option<SecretString>,
    budget: DailyBudget,
    deadline: Duration,
}

#[async_trait]
impl PlatformApi for Clips {
    fn id(&self) -> Platform {
        SPEC.platform
    }

    fn terms(&self) -> Terms {
        Terms {
            batch_size: 10,
            max_in_flight: 1,
            units_per_batch: 1,
            daily_budget: self.budget.units(),
            retry_pauses: &[],
            least_time: Duration::ZERO,
        }
    }

    fn budget(&self) -> &DailyBudget {
        &self.budget
    }

    fn routes(&self, scope: Scope) -> Vec<Route> {
        let has_route = self.key.is_some() && scope == Scope::Everything;
        has_route.then(|| Route { key: 0, scope, bucket: "clips".to_owned() }).into_iter().collect()
    }

    async fn observe(
        &self,
        outbound: &Outbound,
        _: &Route,
        clips: &[ContentId],
        until: Duration,
    ) -> Result<BatchAnswer, BatchFailure> {
        let ids: Vec<&str> = clips.iter().map(ContentId::as_str).collect();
        let mut url = self.api_url.join("/clips").map_err(|error| BatchError::Lasting(error.to_string()))?;
        url.query_pairs_mut().append_pair("ids", &ids.join(","));
        let mut request = HttpRequest::get(url, self.deadline, 1 << 20);
        request.credential = self.key.clone().map(|key| Credential::Query("key", key));
        let answer = outbound.send_within(request, Timing::until(until)).await;
        let answer = answer.map_err(|error| BatchError::Lasting(error.to_string()))?;
        let shown: BTreeMap<String, (u64, i64)> =
            serde_json::from_slice(&answer.body).map_err(|error| BatchError::Lasting(error.to_string()))?;
        let sighting = |(views, published_ms): (u64, i64)| {
            let metrics = Metrics { view_count: Some(views), like_count: Some(views / 10), ..Metrics::default() };
            let details = Details { published_at: Some(Moment::from_unix_ms(published_ms)), ..Details::default() };
            Sighting::Present(Box::new(Presence { metrics, details }))
        };
        let sightings = clips
            .iter()
            .filter_map(|clip| Some((clip.clone(), shown.get(clip.as_str()).copied().map(sighting)?)))
            .collect();
        Ok(BatchAnswer { sightings, ..BatchAnswer::default() })
    }

    fn ledger_date(&self, at: Moment) -> String {
        at.to_string().chars().take(10).collect()
    }

    fn ledger_reset(&self, at: Moment) -> Moment {
        const DAY_MS: i64 = 86_400_000;
        Moment::from_unix_ms((at.unix_ms().div_euclid(DAY_MS) + 1) * DAY_MS)
    }
}

/// A server of clips, which knows one and wants the key. Its address.
fn serve_clips(published_ms: i64) -> String {
    let answer = move |query: web::Query<BTreeMap<String, String>>| async move {
        assert_eq!(query.get("key").map(String::as_str), Some("clips-key"));
        web::Json(json!({"abc-12": [5_000, published_ms]}))
    };
    let server = HttpServer::new(move || WebApp::new().route("/clips", web::get().to(answer)));
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
    let address = server.addrs()[0];
    actix_rt::spawn(server.run());
    format!("http://{address}")
}

/// A sandbox in which the validator has a task for a clip beside its own, and an honest miner lists one. The UID of that
/// miner, and the moment at which the task starts.
fn list_a_clip(sandbox: &Sandbox) -> (u16, i64) {
    let (validator, miner, started) = {
        let world = sandbox.world().read();
        let miner = world.miners_who(Conduct::Honest).next().expect("an honest miner").clone();
        (world.validator().clone(), miner, world.tasks()[0].start_ms)
    };
    let started = i64::try_from(started).expect("a time");
    let task = json!({"clips-1": {
        "description": "a clip", "platform": "clips", "start_at": Moment::from_unix_ms(started).to_string()
    }});
    sandbox.world().edit_gist(&validator.gist_id, TASK_FILE, task.to_string()).expect("its gist");
    let submissions = json!({"submissions": [["clips-1", "abc-12"], ["clips-1", "too-long-for-a-clip"]]});
    sandbox.world().edit_gist(&miner.gist_id, SUBMISSION_FILE, submissions.to_string()).expect("its gist");
    (miner.uid, started)
}

#[test]
fn a_platform_of_one_file_runs_through_the_whole_process() {
    let [youtube, instagram] = PLATFORMS;
    install(&[youtube, instagram, &SPEC]).expect("nothing is installed yet");
    actix_rt::System::new().block_on(async {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.expect("a sandbox");
        let (uid, started) = list_a_clip(&sandbox);
        let folder = tempfile::tempdir().expect("a folder");
        let config = configured(&sandbox, &folder, &serve_clips(started + 1_000));

        check_doctor(&config).await;
        let mut app = App::start(&config, Mode { opening: Opening::Once, dry_run: true }).await.expect("a validator");
        check_decision(&mut app, uid).await;
        // Now that a block is stored, by which answers are dated.
        let services = Services::start(&app, &config).await;
        check_tracker(&format!("http://{}", services.addresses()[1])).await;
        services.stop().await;
        sandbox.stop().await;
    });
}

/// The configuration as a file states it, with the key from the environment.
fn configured(sandbox: &Sandbox, folder: &tempfile::TempDir, clips_url: &str) -> Config {
    let mut config = sandbox_config::write(sandbox, folder.path(), "validator.db").expect("a configuration");
    (config.verifier.ai, config.verifier.illicit, config.verifier.topic) =
        (CheckMode::Off, CheckMode::Off, CheckMode::Off);
    config.http.chain_syncer = Some("127.0.0.1:0".parse().expect("an address"));
    config.http.platform_tracker = config.http.chain_syncer;
    let default = "api_url = \"https://clips.example\"";
    let written = config.to_toml();
    assert!(written.contains("[clips]\n") && written.contains(default), "{written}");
    let file = folder.path().join("w.toml");
    std::fs::write(&file, written.replace(default, &format!("api_url = \"{clips_url}\""))).expect("written");
    let key = ("CLIPS_API_KEY".to_owned(), "clips-key".to_owned());
    Config::load(Some(&file), [key].into_iter(), Overrides::default()).expect("a configuration")
}

async fn check_doctor(config: &Config) {
    let http = Arc::new(HttpClient::new().expect("HTTP"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let findings = doctor::examine(config, http, &clock).await;
    assert!(findings.iter().any(|finding| finding.found == "Clips: 1 key; 100 requests a day"), "{findings:#?}");
    let mut without_key = config.clone();
    without_key.secrets.platform_keys.clear();
    let http = Arc::new(HttpClient::new().expect("HTTP"));
    let findings = doctor::examine(&without_key, http, &clock).await;
    let advice = "Set the environment variable CLIPS_API_KEY, or set clips.api_key_file to a file with the key.";
    assert!(findings.iter().any(|finding| finding.advice.as_deref() == Some(advice)), "{findings:#?}");
}

async fn check_decision(app: &mut App, uid: u16) {
    let mut session = Session::default();
    let decided = tokio::time::timeout(HANGS_AFTER, async {
        loop {
            if let Shown::Cycle(report) = session.next(app.feed()).await.expect("no actor gives up") {
                break report.decided;
            }
        }
    });
    let decided = decided.await.expect("a cycle in time");
    let of_miner: Vec<_> = decided.submissions.iter().filter(|judged| judged.uid == uid).collect();
    let [clip, other] = of_miner.as_slice() else { panic!("{of_miner:#?}") };
    assert_eq!((clip.platform, clip.status), (Some(SPEC.platform), Status::Accepted), "{clip:#?}");
    assert_eq!((clip.view_count, clip.normalized_score), (Some(5_000), Some(1.0)));
    assert_eq!(other.reason.map(|reason| reason.code()), Some("invalid_content_id"), "{other:#?}");
}

async fn check_tracker(url: &str) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = async |path: &str| -> (u16, Value) {
        let answer = client.get(format!("{url}{path}")).send().await.expect("an answer");
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON"))
    };
    assert_eq!(get("/clips/clip/abc-12").await, (200, json!({"clip_id": "abc-12", "view_count": 5_000})));
    let (status, refusal) = get("/clips/clip/abc").await;
    assert_eq!(
        (status, &refusal["detail"]),
        (422, &json!("not the id of a Clips clip, which is 6 of A-Z a-z 0-9 _ -"))
    );
    let (_, health) = get("/health").await;
    let platforms = health["platforms"].as_array().expect("platforms");
    let clips = platforms.iter().find(|platform| platform["platform"] == "clips").expect("the platform");
    assert_eq!((&clips["has_key"], &clips["failures"]), (&json!(true), &json!(0)), "{health:#}");
    let (_, document) = get("/openapi.json").await;
    assert!(document["paths"]["/clips/clip/{clip_id}"]["get"].is_object(), "{document:#}");
    assert!(document["components"]["schemas"]["Clip"].is_object(), "{document:#}");
}
