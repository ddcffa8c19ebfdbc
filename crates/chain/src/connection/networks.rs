//! Names of networks: their endpoints, and the chain that must answer there.
//!
//! Only mainnet's genesis is pinned here: an endpoint under that name must serve mainnet. Test networks are reset
//! from time to time, and a URL is the operator's own choice.

use crate::connection::address::shown;

/// The hash of mainnet's block 0.
pub const MAINNET_GENESIS: [u8; 32] = [
    0x2f, 0x05, 0x55, 0xcc, 0x76, 0xfc, 0x28, 0x40, 0xa2, 0x5a, 0x6e, 0xa3, 0xb9, 0x63, 0x71, 0x46, 0x80, 0x6f, 0x1f,
    0x44, 0xb0, 0x90, 0xc1, 0x75, 0xff, 0xde, 0x2a, 0x7e, 0x5a, 0xb3, 0x6c, 0x03,
];

const MAINNET_ENDPOINTS: [&str; 3] =
    ["wss://entrypoint-finney.opentensor.ai:443", "wss://lite.chain.opentensor.ai:443", "wss://lite.sub.latent.to:443"];
const TESTNET_ENDPOINT: &str = "wss://test.finney.opentensor.ai:443";
const LOCAL_ENDPOINT: &str = "ws://127.0.0.1:9944";

/// What a network's name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// WebSocket URLs, best first.
    pub endpoints: Vec<String>,
    /// The hash that block 0 must have; `None` accepts any chain.
    pub genesis: Option<[u8; 32]>,
    /// Whether its blocks come by the world's clock, so that an old newest block means an endpoint that lags.
    pub keeps_time: bool,
}

/// A network name that is none of the known ones and no WebSocket URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown network `{}` (known: mainnet, finney, testnet, test, local, or a ws:// or wss:// URL)", shown_name(.0))]
pub struct UnknownNetwork(pub String);

impl Network {
    /// Looks a name up: `mainnet` or `finney`, `testnet` or `test`, `local`, or a `ws://` or `wss://` URL.
    ///
    /// # Errors
    /// [`UnknownNetwork`] for anything else: correct the setting.
    pub fn named(name: &str) -> Result<Self, UnknownNetwork> {
        let (endpoints, genesis, keeps_time): (&[&str], _, _) = match name {
            "mainnet" | "finney" => (&MAINNET_ENDPOINTS, Some(MAINNET_GENESIS), true),
            "testnet" | "test" => (&[TESTNET_ENDPOINT], None, true),
            "local" => (&[LOCAL_ENDPOINT], None, false),
            url if is_websocket_url(url) => (&[url], None, false),
            _ => return Err(UnknownNetwork(name.to_owned())),
        };
        Ok(Self { endpoints: endpoints.iter().map(|url| (*url).to_owned()).collect(), genesis, keeps_time })
    }
}

/// A name as it may be shown: of an address the host alone, as providers put access keys into the rest.
fn shown_name(name: &str) -> String {
    if name.contains(':') { shown(name) } else { name.to_owned() }
}

fn is_websocket_url(text: &str) -> bool {
    ["ws://", "wss://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mainnet_has_two_names_three_endpoints_and_one_genesis() {
        let mainnet = Network::named("mainnet").expect("a network");
        assert_eq!(Network::named("finney"), Ok(mainnet.clone()));
        assert_eq!(mainnet.endpoints.len(), 3);
        let genesis = mainnet.genesis.map(hex::encode);
        assert_eq!(genesis.as_deref(), Some("2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03"));
    }

    #[test]
    fn names_and_urls_are_told_from_mistakes() {
        for (name, accepted) in [
            ("testnet", true),
            ("test", true),
            ("local", true),
            ("ws://127.0.0.1:1", true),
            ("wss://example.org", true),
            ("wss://", false),
            ("https://example.org", false),
            ("Mainnet", false),
            ("", false),
        ] {
            assert_eq!(Network::named(name).is_ok(), accepted, "{name:?}");
        }
        let url = Network::named("ws://127.0.0.1:1").expect("a network");
        assert_eq!((url.endpoints, url.genesis), (vec!["ws://127.0.0.1:1".to_owned()], None));
    }
}
