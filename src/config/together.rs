//! Checks across settings: values that contradict each other.

use std::collections::BTreeMap;

use super::platforms::PlatformSettings;
use super::problem::{Origin, Problem};
use super::schema;
use super::sections::{Config, HttpSettings};
use super::sources::Given;

/// Adds contradictions to `problems`, and values that only seem wrong to the warnings.
pub(super) fn check(config: &mut Config, given: &BTreeMap<(String, &'static str), Given>, problems: &mut Vec<Problem>) {
    let origin_of = |section: &str, keys: [&'static str; 2]| {
        let found = keys.into_iter().find_map(|key| given.get(&(section.to_owned(), key)));
        found.map_or(Origin::Default, |given| given.origin.clone())
    };
    let mut supervised = vec![(schema::SUPERVISION.to_owned(), config.supervision.clone())];
    supervised.extend(
        config.actors.iter().map(|(name, own)| (format!("{}.{name}", schema::ACTORS), config.supervision.with(own))),
    );
    for (section, settings) in supervised {
        if settings.backoff_min_ms > settings.backoff_max_ms {
            problems.push(Problem {
                origin: origin_of(&section, ["backoff_min_ms", "backoff_max_ms"]),
                what: format!(
                    "{section}.backoff_min_ms = {} must not be above backoff_max_ms = {}: raise the latter",
                    settings.backoff_min_ms, settings.backoff_max_ms
                ),
            });
        }
    }
    if config.validator.username.is_empty() != config.validator.gist_id.is_empty() {
        problems.push(Problem {
            origin: origin_of("validator", ["gist_id", "username"]),
            what: "validator.username and validator.gist_id belong together: set both, or neither to use the gist of \
                   your own commitment"
                .to_owned(),
        });
    }
    check_addresses(&config.http, problems);
    config.warnings.extend(config.platforms.iter().filter_map(PlatformSettings::warning));
}

fn check_addresses(http: &HttpSettings, problems: &mut Vec<Problem>) {
    let services = [
        ("chain_syncer", http.chain_syncer),
        ("platform_tracker", http.platform_tracker),
        ("dashboard", http.dashboard),
    ];
    let mut taken = BTreeMap::new();
    for (service, address) in services {
        // Port 0 asks the system for a free one.
        let Some(address) = address.filter(|address| address.port() != 0) else { continue };
        if let Some(other) = taken.insert(address, service) {
            problems.push(Problem {
                origin: Origin::Default,
                what: format!(
                    "http.{other} and http.{service} are both set to {address}: give one of them another port"
                ),
            });
        }
    }
}
