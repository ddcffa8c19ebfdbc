//! Checks that ask the chain and GitHub: endpoints, clock, wallet, registration, permit, weights, gists.

use super::finding::{Finding, State};
use crate::commands::check::document::Source;
use crate::commands::check::tasks::report::check_tasks;
use crate::config::{Config, NetworkSettings};
use crate::wiring::connections;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::outbound::limiter::Limiter;
use tensorflix_actors::ports::{Clock, Http};
use tensorflix_actors::stats::ActorStats;
use tensorflix_chain::{Client, Network};
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::subnet::{Neuron, Subnet};

/// Largest difference between this machine's clock and the newest final block, which is a minute old at most.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

pub(crate) async fn examine(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    let network = match Network::named(&config.network.network) {
        Ok(network) => network,
        Err(error) => {
            let advice = "Correct network.network: it is a network name or a ws:// or wss:// URL.";
            return vec![Finding::wrong("endpoint", error.to_string(), advice)];
        }
    };
    let limiter = connections::limiter(connections::network_rate(config), clock, &ActorStats::new("doctor"));
    let urls = if config.network.endpoints.is_empty() { network.endpoints } else { config.network.endpoints.clone() };
    let mut findings = Vec::new();
    let mut reached: Option<(Client, Head)> = None;
    for url in &urls {
        let shown = connections::shown_network(url);
        match ask(config, url, &limiter).await {
            Ok((client, head)) => {
                findings.push(Finding::well(
                    "endpoint",
                    format!("{shown}: block {} of {}", head.stamp.block, head.stamp.time),
                ));
                reached.get_or_insert((client, head));
            }
            Err(error) => {
                let advice = "Set network.endpoints to endpoints that answer; the first healthy one is used.";
                findings.push(Finding::doubtful("endpoint", format!("{shown}: {error}"), advice));
            }
        }
    }
    if reached.is_none() {
        findings.iter_mut().for_each(|finding| finding.state = State::Wrong);
    }
    if let Some((_, head)) = reached.as_ref().filter(|_| network.keeps_time) {
        findings.push(clocks(clock, head));
    }
    let hotkey = match connections::open_wallet(&config.wallet) {
        Ok(wallet) => {
            findings.push(Finding::well("wallet", format!("hotkey {}", wallet.hotkey())));
            Some(wallet.hotkey())
        }
        Err(error) => {
            let advice = "Correct [wallet], or select the wallet with --wallet-name and --wallet-hotkey.";
            findings.push(Finding::wrong("wallet", error.to_string(), advice));
            None
        }
    };
    let mut committed = None;
    if let Some((client, head)) = &reached {
        match client.subnet(head, config.network.netuid).await {
            Ok(subnet) => {
                let own = hotkey.and_then(|hotkey| subnet.neuron(&hotkey));
                findings.extend(hotkey.map(|hotkey| registration(config, &hotkey, own)));
                findings.extend(own.into_iter().flat_map(|own| standing(&subnet, own)));
                committed = own.and_then(|own| own.commitment.as_ref()).and_then(|commitment| commitment.pointer());
            }
            Err(error) => {
                findings.push(Finding::wrong(
                    "subnet",
                    error.to_string(),
                    "Correct network.netuid, or run this again.",
                ));
            }
        }
    }
    findings.push(gist(config, http, clock, committed).await);
    findings
}

/// The newest final head by one endpoint alone.
async fn ask(config: &Config, url: &str, limiter: &Arc<Limiter>) -> Result<(Client, Head), String> {
    let settings = NetworkSettings { endpoints: vec![url.to_owned()], ..config.network.clone() };
    let client = connections::chain_client(&settings, Arc::clone(limiter)).map_err(|error| error.to_string())?;
    let timeout = settings.timeout();
    let head = tokio::time::timeout(timeout, client.finalized_head()).await;
    let head = head.map_err(|_| format!("no answer within {} s", timeout.as_secs()))?;
    head.map(|head| (client, head)).map_err(|error| error.to_string())
}

fn clocks(clock: &Arc<dyn Clock>, head: &Head) -> Finding {
    let apart_ms = clock.wall().unix_ms().saturating_sub(head.stamp.time.unix_ms());
    let found = format!("{} s from the time of the newest final block", apart_ms / 1_000);
    if Duration::from_millis(apart_ms.unsigned_abs()) <= CLOCK_TOLERANCE {
        return Finding::well("clock", found);
    }
    let advice = "Synchronise the clock with NTP. Scores use the chain's time; certificates and logs use this clock.";
    Finding::doubtful("clock", found, advice)
}

fn registration(config: &Config, hotkey: &Hotkey, own: Option<&Neuron>) -> Finding {
    let netuid = config.network.netuid;
    match own {
        Some(own) => Finding::well("registration", format!("UID {} of subnet {netuid}", own.uid)),
        None => Finding::wrong(
            "registration",
            format!("{hotkey} is not registered on subnet {netuid}"),
            "Register it, for example with `btcli subnets register`; otherwise no weights can be sent.",
        ),
    }
}

/// Whether our weights count.
fn standing(subnet: &Subnet, own: &Neuron) -> [Finding; 2] {
    let rules = &subnet.hyperparameters;
    let permit = if !own.validator_permit {
        Finding::wrong(
            "permit",
            "the hotkey has no validator permit",
            "Stake more: the validators with the most stake get a permit, again in each epoch.",
        )
    } else if own.stake_rao < rules.stake_threshold_rao {
        Finding::wrong(
            "permit",
            format!(
                "the hotkey has {} RAO of stake; setting weights needs {}",
                own.stake_rao, rules.stake_threshold_rao
            ),
            "Stake more to the hotkey: the chain rejects its weights.",
        )
    } else {
        Finding::well("permit", "may set weights")
    };
    let silent = subnet.at.block.saturating_sub(own.last_update);
    let weights = if own.last_update > 0 && silent <= rules.activity_cutoff {
        let left = rules.activity_cutoff - silent;
        Finding::well("weights", format!("last set in block {}; inactive in {left} blocks", own.last_update))
    } else {
        Finding::doubtful(
            "weights",
            "none on chain within the activity cutoff: the chain treats the validator as inactive",
            "Start `tensorflix run`; `--dry-run` shows what it would send.",
        )
    };
    [permit, weights]
}

/// The task gist: the configured one, or that of our own commitment.
async fn gist(config: &Config, http: Arc<dyn Http>, clock: &Arc<dyn Clock>, committed: Option<GistPointer>) -> Finding {
    let Some(pointer) = config.task_gist().or(committed) else {
        return Finding::wrong(
            "gist",
            "no task gist: none is configured, and the hotkey commits none",
            "Set validator.username and validator.gist_id, or commit one with `tensorflix commit`.",
        );
    };
    let limiter = connections::limiter(connections::github_rate(config), clock, &ActorStats::new("doctor"));
    let github = connections::github(config, http, clock, limiter);
    let source = Source::Gist(pointer.clone());
    match source.read(&github, config.github.max_gist_bytes).await {
        Err(error) => Finding::wrong("gist", format!("{pointer}: {error}"), "Run `tensorflix check-tasks`."),
        Ok(document) => {
            let report = check_tasks(pointer.to_string(), &document.bytes, document.checks, clock.wall());
            if report.is_wrong() {
                let advice = format!("Run `tensorflix check-tasks {pointer}` to see the problems line by line.");
                Finding::doubtful("gist", format!("{pointer}: the gist has problems"), advice)
            } else if github.is_token_refused() {
                let detail = format!("{pointer} can be read, but GitHub rejects the token: gists are read without it");
                Finding::doubtful("gist", detail, "Replace the token in GITHUB_TOKEN, or unset it.")
            } else {
                Finding::well("gist", format!("{pointer}: the gist and its tasks can be read"))
            }
        }
    }
}
