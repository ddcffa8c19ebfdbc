//! What the settings mean for deciding scores and for restarting actors.

use std::collections::{BTreeMap, BTreeSet};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verification::{Check, Provider, VerificationPolicy};

use super::sections::{Config, SupervisionSettings};

impl Config {
    /// The rules that decide scores.
    pub fn policy(&self) -> Policy {
        Policy {
            rules: tensorflix_domain::rules::CURRENT,
            profile: Some(self.rules.profile),
            min_age_hours: self.validator.min_age_hours,
            max_evidence_age_hours: self.validator.max_evidence_age_hours,
            view_metric: self.platforms.view_metric(),
            ownership_tag: self.rules.ownership_tag,
            ownership_template: self.rules.ownership_template.clone(),
            untagged_share: self.rules.untagged_share,
            gist_owner: self.rules.gist_owner,
            max_per_miner_and_task: self.rules.max_per_miner_and_task,
            content_scope: self.rules.content_scope,
            live: self.rules.live,
            aggregate: self.weights.aggregate,
            top_n: self.weights.top_n,
            ema_half_life_hours: self.weights.ema_half_life_hours,
            burn_share: self.weights.burn_share,
            verification: self.verification(),
            traffic: self.verifier.traffic,
            recover_hours: self.verifier.recover_hours,
            defences: self.defences.clone(),
        }
    }

    /// What verdicts do, and which detectors are asked: those with a key or an address.
    fn verification(&self) -> VerificationPolicy {
        let settings = &self.verifier;
        let secrets = &self.secrets;
        let has_sightengine = secrets.sightengine_api_user.is_some() && secrets.sightengine_api_secret.is_some();
        let webhook_checks = self.webhook.url.is_some().then_some(&self.webhook.checks);
        let mut asked: BTreeMap<Check, BTreeSet<Provider>> = BTreeMap::new();
        for check in Check::ALL {
            let providers = [
                (Provider::Sightengine, has_sightengine && check != Check::Topic),
                (Provider::Openai, secrets.openai_api_key.is_some() && check == Check::Illicit),
                (Provider::Webhook, webhook_checks.is_some_and(|checks| checks.contains(&check))),
            ];
            let providers: BTreeSet<Provider> =
                providers.into_iter().filter(|(_, is_asked)| *is_asked).map(|(provider, _)| provider).collect();
            if !providers.is_empty() {
                asked.insert(check, providers);
            }
        }
        VerificationPolicy {
            ai: settings.ai,
            illicit: settings.illicit,
            topic: settings.topic,
            ai_threshold: settings.ai_threshold,
            illicit_threshold: settings.illicit_threshold,
            topic_threshold: settings.topic_threshold,
            grace_hours: settings.grace_hours,
            on_unknown: settings.on_unknown,
            verdict_hours: settings.verdict_hours,
            sample_share: settings.sample_share,
            asked,
        }
    }

    /// The configured task gist; `None` means the gist of our own commitment.
    pub fn task_gist(&self) -> Option<GistPointer> {
        format!("{}:{}", self.validator.username, self.validator.gist_id).parse().ok()
    }

    /// How an actor is restarted.
    pub fn supervision_of(&self, actor: &str) -> SupervisionSettings {
        self.actors.get(actor).map_or_else(|| self.supervision.clone(), |own| self.supervision.with(own))
    }
}
