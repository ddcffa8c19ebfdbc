//! A world with its servers, and a client with a deadline for every step.

use std::future::Future;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tensorflix_sandbox::clock::{START_BLOCK, SandboxClock};
use tensorflix_sandbox::platforms::Platforms;
use tensorflix_sandbox::world::{
    Conduct, ContentKind, Member, Platform, SUBMISSION_FILE, World, WorldConfig, WorldHandle,
};

const DEADLINE: Duration = Duration::from_secs(120);

/// One received answer.
pub struct Received {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }
}

pub struct Harness {
    pub world: WorldHandle,
    pub platforms: Platforms,
    client: Client,
}

/// The default world of a seed.
pub async fn start(seed: u64) -> Harness {
    start_with(WorldConfig { seed, ..WorldConfig::default() }).await
}

pub async fn start_with(config: WorldConfig) -> Harness {
    let world = WorldHandle::new(World::generate_with(config), SandboxClock::at(START_BLOCK));
    let platforms = in_time(Platforms::start(world.clone())).await.unwrap();
    Harness { world, platforms, client: client() }
}

/// One miner of each of these conducts, after an honest one.
pub async fn start_cast(conducts: &[Conduct]) -> Harness {
    let cast: Vec<Vec<Conduct>> =
        std::iter::once(&Conduct::Honest).chain(conducts).map(|&conduct| vec![conduct]).collect();
    let miners = cast.len() as u32;
    start_with(WorldConfig { seed: 11, miners, cast: Some(cast), ..WorldConfig::default() }).await
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test's harness may have been first in another process only; here it cannot fail.
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().no_gzip().redirect(Policy::none()).build().unwrap()
}

pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("in time")
}

pub async fn received(request: RequestBuilder) -> Received {
    in_time(async {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Received { status, headers, body: response.bytes().await.unwrap().to_vec() }
    })
    .await
}

impl Harness {
    pub fn request(&self, method: Method, url: String) -> RequestBuilder {
        self.client.request(method, url)
    }

    pub fn api(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, self.platforms.github_api_url() + path)
    }

    pub fn raw(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, self.platforms.github_raw_url() + path)
    }

    pub fn youtube(&self, method: &str, query: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::GET, self.platforms.youtube_url() + "/youtube/v3/" + method).query(query)
    }

    pub fn apify(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, self.platforms.apify_url() + path).bearer_auth("apify-test-token")
    }

    pub fn member_who(&self, conduct: Conduct) -> Member {
        self.world.read().miners_who(conduct).next().unwrap().clone()
    }

    /// The pairs in a miner's gist at the newest block, as far as they are pairs.
    pub fn pairs(&self, member: &Member) -> Vec<(String, String)> {
        let world = self.world.read();
        let revision = world.gist(&member.gist_id).unwrap().newest(self.world.block()).unwrap();
        let file = revision.files.iter().find(|file| file.name == SUBMISSION_FILE).unwrap();
        let document: Value = serde_json::from_slice(&file.bytes).unwrap();
        let entries = document["submissions"].as_array().unwrap();
        entries.iter().filter_map(|entry| serde_json::from_value(entry.clone()).ok()).collect()
    }

    /// The ids on a platform in a miner's gist, that were made as this kind.
    pub fn ids_of(&self, member: &Member, platform: Platform, kind: ContentKind) -> Vec<String> {
        let world = self.world.read();
        let ids = self.pairs(member).into_iter().map(|(_, id)| id);
        ids.filter(|id| world.kind_of(platform, id) == Some(kind)).collect()
    }

    /// Every ordinary id on a platform in the gists of honest miners.
    pub fn honest_ids(&self, platform: Platform) -> Vec<String> {
        let miners: Vec<Member> = self.world.read().miners_who(Conduct::Honest).cloned().collect();
        miners.iter().flat_map(|miner| self.ids_of(miner, platform, ContentKind::Ordinary)).collect()
    }
}
