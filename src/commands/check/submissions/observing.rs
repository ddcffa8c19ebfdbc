//! Asking the platforms about a miner's items, once, with the same code as `run`.
//!
//! It uses quota of the keys' owner and is not counted in a validator's ledger. It is therefore done only with `--fetch`,
//! and its price can be computed before.

use crate::commands::check::checks::{Check, counted};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::outbound::Outbound;
use tensorflix_actors::platforms::{BatchAnswer, BatchError, PlatformApi, PlatformSpec, Route, Scope, screen, spec_of};
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::evidence::ContentEvidence;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Sighting;
use tensorflix_domain::observed::ObservedContent;
use tensorflix_domain::platform::Platform;
use tensorflix_domain::policy::Policy;

/// Every platform with its connection.
pub type Sources = Vec<(Arc<dyn PlatformApi>, Outbound)>;

/// The platforms' answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The evidence on each item with an answer.
    pub contents: BTreeMap<ContentId, ContentEvidence>,
    /// What could not be asked, and why.
    pub checks: Vec<Check>,
}

/// The price of asking for these items, in words, for each platform that would be asked.
pub fn price(sources: &Sources, contents: &BTreeSet<ContentId>) -> Vec<(Platform, String)> {
    sources.iter().filter_map(|(platform, _)| price_of(platform.as_ref(), contents)).collect()
}

fn price_of(platform: &dyn PlatformApi, contents: &BTreeSet<ContentId>) -> Option<(Platform, String)> {
    let (id, terms) = (platform.id(), platform.terms());
    let count = of_platform(contents, id).len();
    let requests = count.div_ceil(terms.batch_size.max(1));
    let units = u64::try_from(requests).unwrap_or(u64::MAX).saturating_mul(terms.units_per_batch);
    let charge = spec_of(platform.id()).map(|spec| (spec.price)(units)).unwrap_or_default();
    (count > 0).then(|| (id, format!("{} in {}, {charge}", counted(count, "item"), counted(requests, "request"))))
}

impl Asked {
    /// Asks the platforms that have a key, batch by batch. Answers are dated by `at`.
    pub async fn ask(sources: &Sources, contents: &BTreeSet<ContentId>, at: BlockStamp, policy: &Policy) -> Self {
        let mut asked = Self::default();
        for (platform, outbound) in sources {
            let wanted = of_platform(contents, platform.id());
            if wanted.is_empty() {
                continue;
            }
            let routes = platform.routes(Scope::Everything);
            if routes.is_empty() {
                asked.missing(
                    platform.id(),
                    format!(
                        "no API key: set {}",
                        spec_of(platform.id()).map(PlatformSpec::key_variable).unwrap_or_default()
                    ),
                );
                continue;
            }
            for batch in wanted.chunks(platform.terms().batch_size.max(1)) {
                match ask(platform.as_ref(), outbound, &routes, batch).await {
                    Ok(mut answer) => {
                        for (content, error) in screen(&mut answer, platform.id(), at.time) {
                            asked.missing(platform.id(), format!("{}: {error}", content.as_str()));
                        }
                        let seen = answer.sightings.into_iter();
                        asked
                            .contents
                            .extend(seen.map(|(content, sighting)| (content, evidence(&sighting, at, policy))));
                    }
                    Err(error) => asked.missing(platform.id(), error.to_string()),
                }
            }
        }
        asked
    }

    fn missing(&mut self, platform: Platform, why: String) {
        let check = Check::not_checked(platform.name(), why);
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }
}

/// Asks with one key after the other, until one is not refused.
async fn ask(
    platform: &dyn PlatformApi,
    outbound: &Outbound,
    routes: &[Route],
    batch: &[ContentId],
) -> Result<BatchAnswer, BatchError> {
    let mut last = BatchError::Lasting("no API key could be used".to_owned());
    for route in routes {
        match platform.observe(outbound, route, batch, Duration::MAX).await.map_err(|failure| failure.error) {
            Err(error @ (BatchError::QuotaExhausted(_) | BatchError::KeyRefused(_) | BatchError::Held(_))) => {
                last = error
            }
            answered => return answered,
        }
    }
    Err(last)
}

fn of_platform(contents: &BTreeSet<ContentId>, platform: Platform) -> Vec<ContentId> {
    contents.iter().filter(|content| content.platform() == platform).cloned().collect()
}

/// What the rules read of one answer. One answer does not show when the item was first seen.
fn evidence(sighting: &Sighting, at: BlockStamp, policy: &Policy) -> ContentEvidence {
    let mut observed = ObservedContent::of([(at, sighting)]);
    observed.read_tag(policy);
    ContentEvidence { origin: None, ..observed.evidence }
}
