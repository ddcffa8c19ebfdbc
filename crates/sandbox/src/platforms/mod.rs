//! GitHub, YouTube, Apify and the detectors as the validator sees them: HTTP servers on loopback that show the world
//! at the newest block.
//!
//! Each platform is a `PlatformApi` (`exchange.rs`): a function from a request to an answer, without sockets.
//! `server.rs` serves it over HTTP, counts everything (`counters.rs`) and injects the faults that a test sets
//! (`faults.rs`). Rate limits and quotas follow the sandbox's clock; no answer depends on the machine's.
//!
//! Deliberately absent: TLS, writing (nobody edits a gist over HTTP here) and every route the validator has no use for.

pub mod apify;
pub mod counters;
pub mod detectors;
mod disturbance;
mod error;
mod exchange;
pub mod faults;
pub mod github;
mod server;
pub mod youtube;

use std::sync::Arc;

pub use error::PlatformsError;

use self::apify::{Apify, ApifyControl};
use self::counters::{Counters, PlatformsSnapshot};
use self::detectors::{Detector, Kind};
use self::faults::FaultHandle;
use self::github::{GitHubApi, GitHubControl, GitHubRaw};
use self::server::{Hosted, Servers};
use self::youtube::{YouTube, YouTubeControl};
use crate::world::WorldHandle;

/// The handles through which tests spoil answers, one a server.
#[derive(Clone, Debug)]
pub struct Faults {
    /// GitHub's API.
    pub github_api: FaultHandle,
    /// GitHub's raw files.
    pub github_raw: FaultHandle,
    /// YouTube's Data API.
    pub youtube: FaultHandle,
    /// Apify's API.
    pub apify: FaultHandle,
    /// SightEngine.
    pub sightengine: FaultHandle,
    /// OpenAI's moderation.
    pub openai: FaultHandle,
    /// The webhook.
    pub webhook: FaultHandle,
}

impl Faults {
    /// Ends every fault on every server.
    pub fn clear(&self) {
        let platforms = [&self.github_api, &self.github_raw, &self.youtube, &self.apify];
        for handle in platforms.into_iter().chain([&self.sightengine, &self.openai, &self.webhook]) {
            handle.clear();
        }
    }
}

/// The running servers.
#[derive(Debug)]
pub struct Platforms {
    servers: Servers,
    counters: [Arc<Counters>; 7],
    faults: Faults,
    github: GitHubControl,
    youtube: YouTubeControl,
    apify: ApifyControl,
}

impl Platforms {
    /// Starts the servers on free ports of 127.0.0.1, on a thread of their own.
    pub async fn start(world: WorldHandle) -> Result<Self, PlatformsError> {
        let (github, youtube, apify) = (GitHubControl::default(), YouTubeControl::default(), ApifyControl::default());
        let hosted = [
            Hosted::new(GitHubApi::new(world.clone(), github.clone())),
            Hosted::new(GitHubRaw::new(world.clone(), github.clone())),
            Hosted::new(YouTube::new(world.clone(), youtube.clone())),
            Hosted::new(Apify::new(world.clone(), apify.clone())),
            Hosted::new(Detector::new(Kind::SightEngine, world.clone())),
            Hosted::new(Detector::new(Kind::OpenAi, world.clone())),
            Hosted::new(Detector::new(Kind::Webhook, world)),
        ];
        let counters = hosted.each_ref().map(|host| host.counters.clone());
        let [github_api, github_raw, youtube_faults, apify_faults, sightengine, openai, webhook] =
            hosted.each_ref().map(|host| host.faults.clone());
        let servers = Servers::start(hosted).await?;
        let faults = Faults {
            github_api,
            github_raw,
            youtube: youtube_faults,
            apify: apify_faults,
            sightengine,
            openai,
            webhook,
        };
        Ok(Self { servers, counters, faults, github, youtube, apify })
    }

    /// Base address of GitHub's API (`[github] api_url`).
    pub fn github_api_url(&self) -> String {
        self.servers.url(0)
    }

    /// Base address of raw gists (`[github] raw_url`).
    pub fn github_raw_url(&self) -> String {
        self.servers.url(1)
    }

    /// Base address of YouTube (`[youtube] api_url`).
    pub fn youtube_url(&self) -> String {
        self.servers.url(2)
    }

    /// Base address of Apify (`[instagram] api_url`).
    pub fn apify_url(&self) -> String {
        self.servers.url(3)
    }

    /// Base address of SightEngine (`[sightengine] api_url`).
    pub fn sightengine_url(&self) -> String {
        self.servers.url(4)
    }

    /// Base address of OpenAI (`[openai] api_url`).
    pub fn openai_url(&self) -> String {
        self.servers.url(5)
    }

    /// Address of the webhook (`[webhook] url`).
    pub fn webhook_url(&self) -> String {
        self.servers.url(6)
    }

    /// Everything served and received so far.
    pub fn counters(&self) -> PlatformsSnapshot {
        let [github_api, github_raw, youtube, apify, sightengine, openai, webhook] =
            self.counters.each_ref().map(|counters| counters.snapshot());
        PlatformsSnapshot { github_api, github_raw, youtube, apify, sightengine, openai, webhook }
    }

    /// Where faults are asked for.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Settings of GitHub.
    pub fn github(&self) -> &GitHubControl {
        &self.github
    }

    /// Settings of YouTube.
    pub fn youtube(&self) -> &YouTubeControl {
        &self.youtube
    }

    /// Settings of Apify.
    pub fn apify(&self) -> &ApifyControl {
        &self.apify
    }

    /// Closes every connection, hanging ones too, and waits until the threads are gone.
    pub async fn stop(self) {
        self.servers.stop().await;
    }
}
