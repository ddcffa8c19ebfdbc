//! From the configuration to what leads outside: the chain's client, GitHub's reader, the platforms, the wallet.
//!
//! `run` and the commands that do one thing make them here, so that both go through the same limits and deadlines.
//! Nothing here connects: clients do when they are first asked.

use crate::adapters::passwords::ProcessPasswords;
use crate::config::{Config, NetworkSettings, PlatformSettings, WalletSettings};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::gist_fetcher::github::{GitHub, GitHubSettings};
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::outbound::limiter::{Limiter, Rate};
use tensorflix_actors::platforms::{Connection, PlatformApi};
use tensorflix_actors::ports::{Clock, Http};
use tensorflix_actors::stats::ActorStats;
use tensorflix_actors::verifier::{Detector, OpenAi, SightEngine, Terms, Webhook, detector_bucket};
use tensorflix_chain::{
    ChainConfig, Client, HotkeyWallet, Network, RequestGate, Tolerances, UnknownNetwork, WalletError,
};
use tensorflix_domain::verification::{Check, Provider};

/// Age of a network's newest block beyond which other endpoints are preferred: fifty blocks.
const MAX_HEAD_AGE: Duration = Duration::from_secs(600);

/// Every request to the chain waits for this limiter.
struct LimiterGate(Arc<Limiter>);

#[async_trait]
impl RequestGate for LimiterGate {
    async fn pass(&self) {
        self.0.pass().await;
    }
}

/// A limiter that counts waiting time in `stats`.
pub fn limiter(rate: Rate, clock: &Arc<dyn Clock>, stats: &Arc<ActorStats>) -> Arc<Limiter> {
    Arc::new(Limiter::new(rate, Arc::clone(clock), Arc::clone(stats)))
}

/// How hard the chain may be asked.
pub const fn network_rate(config: &Config) -> Rate {
    Rate { requests_per_second: config.network.requests_per_second, burst: config.network.burst }
}

/// How hard GitHub may be asked.
pub const fn github_rate(config: &Config) -> Rate {
    Rate { requests_per_second: config.github.requests_per_second, burst: config.github.burst }
}

/// The client of the configured chain, behind its limiter.
///
/// # Errors
/// [`UnknownNetwork`]: the setting has to be corrected.
pub fn chain_client(settings: &NetworkSettings, limiter: Arc<Limiter>) -> Result<Client, UnknownNetwork> {
    let network = Network::named(&settings.network)?;
    let endpoints = if settings.endpoints.is_empty() { network.endpoints } else { settings.endpoints.clone() };
    let config = ChainConfig {
        endpoints,
        expected_genesis: network.genesis,
        request_timeout: settings.timeout(),
        gate: Arc::new(LimiterGate(limiter)),
    };
    let max_head_age = network.keeps_time.then_some(MAX_HEAD_AGE);
    Ok(Client::with_tolerances(config, Tolerances { max_head_age, ..Tolerances::default() }))
}

/// Where gists are read, with the configured token.
pub fn github_settings(config: &Config) -> GitHubSettings {
    let settings = &config.github;
    GitHubSettings {
        api_url: settings.api_url.clone(),
        raw_url: settings.raw_url.clone(),
        token: config.secrets.github_token.clone(),
        deadline: settings.timeout(),
        max_gist_bytes: settings.max_gist_bytes,
    }
}

/// The reader of gists, behind its limiter.
pub fn github(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>, limiter: Arc<Limiter>) -> GitHub {
    GitHub::new(github_settings(config), Outbound::new(http, limiter), Arc::clone(clock))
}

/// The platform of these settings.
pub fn platform(config: &Config, settings: &PlatformSettings, clock: &Arc<dyn Clock>) -> Arc<dyn PlatformApi> {
    let keys = config.secrets.keys_of(settings.spec.platform).to_vec();
    (settings.spec.connect)(Connection { settings: settings.values(), keys, clock: Arc::clone(clock) })
}

/// The detectors that are set up and asked for something.
pub fn detectors(config: &Config) -> Vec<Arc<dyn Detector>> {
    let policy = config.policy().verification;
    let is_asked = |provider| policy.checks().any(|check| policy.providers(check).contains(&provider));
    let secrets = &config.secrets;
    let mut detectors: Vec<Arc<dyn Detector>> = Vec::new();
    if let (true, Some(api_user), Some(api_secret)) =
        (is_asked(Provider::Sightengine), &secrets.sightengine_api_user, &secrets.sightengine_api_secret)
    {
        let settings = &config.sightengine;
        let terms = Terms {
            bucket: detector_bucket(Provider::Sightengine, Some(api_secret)),
            max_in_flight: settings.max_in_flight,
            daily_requests: settings.daily_requests,
            deadline: Duration::from_secs(settings.timeout_secs),
        };
        let (api_url, api_user, api_secret) = (settings.api_url.clone(), api_user.clone(), api_secret.clone());
        detectors.push(Arc::new(SightEngine { api_url, api_user, api_secret, terms }));
    }
    if let (true, Some(api_key)) = (is_asked(Provider::Openai), &secrets.openai_api_key) {
        let settings = &config.openai;
        let terms = Terms {
            bucket: detector_bucket(Provider::Openai, Some(api_key)),
            max_in_flight: settings.max_in_flight,
            daily_requests: settings.daily_requests,
            deadline: Duration::from_secs(settings.timeout_secs),
        };
        detectors.push(Arc::new(OpenAi { api_url: settings.api_url.clone(), api_key: api_key.clone(), terms }));
    }
    if let (true, Some(url)) = (is_asked(Provider::Webhook), &config.webhook.url) {
        let settings = &config.webhook;
        let terms = Terms {
            bucket: detector_bucket(Provider::Webhook, secrets.webhook_token.as_ref()),
            max_in_flight: settings.max_in_flight,
            daily_requests: settings.daily_requests,
            deadline: Duration::from_secs(settings.timeout_secs),
        };
        detectors.push(Arc::new(Webhook { url: url.clone(), token: secrets.webhook_token.clone(), terms }));
    }
    detectors
}

/// How hard a detector may be asked; `None` for a provider that has no requests of its own.
pub const fn detector_rate(config: &Config, provider: Provider) -> Option<Rate> {
    let (requests_per_second, burst) = match provider {
        Provider::Platform => return None,
        Provider::Sightengine => (config.sightengine.requests_per_second, config.sightengine.burst),
        Provider::Openai => (config.openai.requests_per_second, config.openai.burst),
        Provider::Webhook => (config.webhook.requests_per_second, config.webhook.burst),
    };
    Some(Rate { requests_per_second, burst })
}

/// The checks that are on and for which no detector is configured: only the platform's own signals count for them.
pub fn unchecked(config: &Config) -> Vec<Check> {
    let policy = config.policy().verification;
    policy.checks().filter(|check| policy.providers(*check).is_empty()).collect()
}

/// A network as it may be shown: its name, or of an address the host alone, since a path or a query may hold a key.
pub fn shown_network(network: &str) -> String {
    match url::Url::parse(network) {
        Ok(url) => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
        }
        Err(_) => network.to_owned(),
    }
}

/// What decides a check that is on if no detector is configured for it; nothing ever waits for one.
pub const fn decides_alone(check: Check) -> &'static str {
    match check {
        Check::Ai | Check::Illicit => "the platform's own signals alone decide it",
        Check::Topic => "nothing is checked, since platforms give no signal for it",
    }
}

/// Opens the configured hotkey, and logs what the operator should correct about it.
///
/// # Errors
/// [`WalletError`]: the operator must act.
pub fn open_wallet(settings: &WalletSettings) -> Result<HotkeyWallet, WalletError> {
    let passwords = ProcessPasswords { file: settings.password_file.clone() };
    let wallet = HotkeyWallet::open(&settings.path, &settings.name, &settings.hotkey, &passwords)?;
    for warning in wallet.warnings() {
        tracing::warn!(%warning, "wallet");
    }
    tracing::info!(hotkey = %wallet.hotkey(), "wallet opened");
    Ok(wallet)
}
