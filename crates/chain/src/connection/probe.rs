//! The examination of an endpoint before it is used: its chain, whether it is syncing, and its newest final block.
//!
//! Four requests, five where the genesis is not known, each within the probe's time. The two entries that are read are those of every Substrate chain, so they
//! are asked for by their well-known keys, without metadata.

use crate::config::Settings;
use crate::connection::address::shown;
use crate::connection::line::Connection;
use crate::errors::ChainError;
use crate::head::checked;
use parity_scale_codec::Decode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use subxt::rpcs::Error as RpcError;
use subxt::utils::H256;
use tensorflix_domain::ids::Block;

/// `System.Number`: twox128 of both names.
pub(crate) const NUMBER_KEY: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7, 0x02, 0xa5, 0xc1,
    0xb1, 0x9a, 0xb7, 0xa0, 0x4f, 0x53, 0x6c, 0x51, 0x9a, 0xca, 0x49, 0x83, 0xac,
];
/// `Timestamp.Now`: twox128 of both names.
const NOW_KEY: [u8; 32] = [
    0xf0, 0xc3, 0x65, 0xc3, 0xcf, 0x59, 0xd6, 0x71, 0xeb, 0x72, 0xda, 0x0e, 0x7a, 0x41, 0x13, 0xc4, 0x9f, 0x1f, 0x05,
    0x15, 0xf4, 0x62, 0xcd, 0xcf, 0x84, 0xe0, 0xf1, 0xd6, 0x04, 0x5d, 0xfc, 0xbb,
];

/// What an endpoint must be.
pub(crate) struct Demands {
    /// The hash of its block 0.
    pub(crate) genesis: Option<H256>,
    /// The newest finalized block that any endpoint has reported; 0 for none.
    pub(crate) newest_known: Block,
    /// The block at which it stalled last time.
    pub(crate) stalled_at: Option<Block>,
}

/// An endpoint that can be used.
pub(crate) struct Candidate {
    pub(crate) connection: Arc<Connection>,
    pub(crate) genesis: H256,
    /// Its newest finalized block.
    pub(crate) head: Block,
    /// Why another one would be better.
    pub(crate) doubt: Option<String>,
}

/// Connects to an endpoint and examines it.
///
/// # Errors
/// [`ChainError::WrongGenesis`], or [`ChainError::Unreachable`] with what is wrong.
pub(crate) async fn examine(settings: &Settings, index: usize, demands: &Demands) -> Result<Candidate, ChainError> {
    let Settings { config, tolerances } = settings;
    let endpoint = shown(&config.endpoints[index]);
    let unusable = |why: String| ChainError::Unreachable { attempts: format!("{endpoint}: {why}") };
    let connection = Connection::open(index, config, tolerances).await.map_err(unusable)?;
    let probe = connection.probing(tolerances.probe_timeout.min(config.request_timeout));
    let failed = |method| move |error: RpcError| unusable(format!("{method}: {error}"));
    let genesis = probe.genesis_hash().await.map_err(failed("chain_getBlockHash"))?;
    match demands.genesis {
        Some(expected) if expected != genesis => {
            let (expected, found) = (hex::encode(expected), hex::encode(genesis));
            return Err(ChainError::WrongGenesis { endpoint, expected, found });
        }
        Some(_) => {}
        // An endpoint that is trusted for the chain must at least have the block, and no other with that number.
        None => {
            let header = probe.chain_get_header(Some(genesis)).await.map_err(failed("chain_getHeader"))?;
            if header.and_then(|header| checked(&header, genesis).ok()) != Some(0) {
                return Err(unusable(format!(
                    "the block that it reports as block 0 is not one: 0x{}",
                    hex::encode(genesis)
                )));
            }
        }
    }
    let (is_syncing, is_mute) = match probe.system_health().await {
        Ok(health) => (health.is_syncing, false),
        // A node that does not report it is judged by its head alone.
        Err(RpcError::User(_)) => (false, false),
        Err(RpcError::Deserialization(_)) => (false, true),
        Err(error) => return Err(failed("system_health")(error)),
    };
    let hash = probe.chain_get_finalized_head().await.map_err(failed("chain_getFinalizedHead"))?;
    let sets = probe.state_query_storage_at([&NUMBER_KEY[..], &NOW_KEY[..]], Some(hash)).await;
    let sets = sets.map_err(failed("state_queryStorageAt"))?;
    let changes: Vec<_> = sets.into_iter().filter(|set| set.block == hash).flat_map(|set| set.changes).collect();
    let value = |wanted: &[u8]| changes.iter().find(|(key, _)| key.0 == wanted)?.1.as_ref();
    let head = value(&NUMBER_KEY).and_then(|bytes| u32::decode(&mut &*bytes.0).ok());
    let head = head.ok_or_else(|| unusable("it does not report the number of its newest final block".to_owned()))?;
    let unix_ms = value(&NOW_KEY).and_then(|bytes| u64::decode(&mut &*bytes.0).ok());

    if is_syncing {
        return Err(unusable(format!("it is still syncing, at block {head}")));
    }
    let age = unix_ms.map(age_of);
    let doubt = match (demands.stalled_at, tolerances.max_head_age) {
        _ if head.saturating_add(tolerances.max_lag_blocks) < demands.newest_known => {
            let behind = demands.newest_known - head;
            Some(format!("its newest final block, {head}, is {behind} blocks behind"))
        }
        (Some(block), _) if head <= block => Some(format!("its newest final block is still {head}")),
        (_, Some(most)) if age.is_some_and(|age| age > most) => {
            Some(format!("its newest final block, {head}, is older than {} s", most.as_secs()))
        }
        _ if is_mute => Some("its answer to system_health cannot be read".to_owned()),
        _ => None,
    };
    connection.health.head_told(head);
    Ok(Candidate { connection: Arc::new(connection), genesis, head, doubt })
}

/// How long ago a time of the chain was, by the machine's clock.
fn age_of(unix_ms: u64) -> Duration {
    let then = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(unix_ms));
    then.and_then(|then| SystemTime::now().duration_since(then).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;

    #[test]
    fn the_well_known_keys_are_those_of_the_metadata() {
        let runtime = finney();
        for (pallet, entry, expected) in [("System", "Number", NUMBER_KEY), ("Timestamp", "Now", NOW_KEY)] {
            let address = runtime.codec.storage().entry((pallet, entry)).expect("an entry");
            assert_eq!(address.fetch_key(Vec::<subxt::dynamic::Value>::new()).expect("a key"), expected, "{entry}");
        }
    }
}
