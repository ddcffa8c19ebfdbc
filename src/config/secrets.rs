//! API keys and tokens, apart from all other settings.

use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use tensorflix_domain::platform::Platform;

/// The secrets that were given.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The keys of each platform, each once, in the order given.
    pub platform_keys: BTreeMap<Platform, Vec<SecretString>>,
    /// The token of GitHub.
    pub github_token: Option<SecretString>,
    /// The API user of SightEngine.
    pub sightengine_api_user: Option<SecretString>,
    /// The API secret of SightEngine.
    pub sightengine_api_secret: Option<SecretString>,
    /// The key of OpenAI.
    pub openai_api_key: Option<SecretString>,
    /// The token that is sent to the webhook.
    pub webhook_token: Option<SecretString>,
}

/// Keys in the clear, by platform.
pub(super) type KeysOfPlatforms<'a> = Vec<(Platform, Vec<&'a str>)>;

impl PartialEq for Secrets {
    /// Whether a reloaded configuration changes a secret.
    fn eq(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }
}

impl Secrets {
    /// The keys of a platform.
    pub fn keys_of(&self, platform: Platform) -> &[SecretString] {
        self.platform_keys.get(&platform).map_or(&[], Vec::as_slice)
    }

    /// Everything in the clear, to compare.
    pub(super) fn exposed(&self) -> (KeysOfPlatforms<'_>, [Option<&str>; 5]) {
        let platforms = self.platform_keys.iter().filter(|(_, keys)| !keys.is_empty());
        let platforms = platforms
            .map(|(platform, keys)| (*platform, keys.iter().map(ExposeSecret::expose_secret).collect()))
            .collect();
        let others = [
            &self.github_token,
            &self.sightengine_api_user,
            &self.sightengine_api_secret,
            &self.openai_api_key,
            &self.webhook_token,
        ];
        (platforms, others.map(|secret| secret.as_ref().map(ExposeSecret::expose_secret)))
    }
}
