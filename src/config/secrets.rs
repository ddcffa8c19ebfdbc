//! API keys and tokens, apart from all other settings.

use secrecy::{ExposeSecret, SecretString};

/// The secrets; nothing where none was given.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The keys of the YouTube Data API, each once, in the order given.
    pub youtube_api_keys: Vec<SecretString>,
    /// The token of Apify.
    pub apify_api_key: Option<SecretString>,
    /// The token of GitHub.
    pub github_token: Option<SecretString>,
    /// The API user of SightEngine.
    pub sightengine_api_user: Option<SecretString>,
    /// The API secret of SightEngine.
    pub sightengine_api_secret: Option<SecretString>,
    /// The key of OpenAI.
    pub openai_api_key: Option<SecretString>,
    /// The token that is shown to the webhook.
    pub webhook_token: Option<SecretString>,
}

impl PartialEq for Secrets {
    /// Tells whether a configuration that was read again changes a secret.
    fn eq(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }
}

impl Secrets {
    pub(super) fn exposed(&self) -> (Vec<&str>, [Option<&str>; 6]) {
        let youtube = self.youtube_api_keys.iter().map(ExposeSecret::expose_secret).collect();
        let others = [
            &self.apify_api_key,
            &self.github_token,
            &self.sightengine_api_user,
            &self.sightengine_api_secret,
            &self.openai_api_key,
            &self.webhook_token,
        ];
        (youtube, others.map(|secret| secret.as_ref().map(ExposeSecret::expose_secret)))
    }
}
