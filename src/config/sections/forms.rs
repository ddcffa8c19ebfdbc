//! The forms of text that settings have: names, addresses, URLs, paths.

use std::net::SocketAddr;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ownership::HOTKEY_PLACE;
use tensorflix_domain::verification::Check;

use crate::text::host_name::is_host_name;
use tensorflix_settings::{Form, is_file_path, is_url};

const NETWORK_NAMES: [&str; 5] = ["mainnet", "finney", "testnet", "test", "local"];
const LONGEST_WALLET_NAME: usize = 128;

pub(super) const NETWORK: Form = Form {
    is: "mainnet, finney, testnet, test, local, or a ws:// or wss:// URL",
    accepts: |text| NETWORK_NAMES.contains(&text) || is_url(text, &["ws", "wss"]),
};
pub(super) const WEBSOCKET_URL: Form =
    Form { is: "a ws:// or wss:// URL", accepts: |text| is_url(text, &["ws", "wss"]) };
pub(super) const CHECK: Form =
    Form { is: "ai, illicit or topic", accepts: |text| Check::ALL.iter().any(|check| check.word() == text) };
pub(super) const DIRECTORY: Form = Form { is: "a directory", accepts: |text| !text.trim().is_empty() };
pub(super) const WALLET_NAME: Form = Form {
    is: "a file name without a slash and without a leading dot",
    accepts: |text| {
        (1..=LONGEST_WALLET_NAME).contains(&text.len()) && !text.starts_with('.') && !text.contains(['/', '\\'])
    },
};
pub(super) const USERNAME: Form = Form {
    is: "a GitHub login, or empty",
    accepts: |text| text.is_empty() || format!("{text}:0").parse::<GistPointer>().is_ok(),
};
pub(super) const GIST_ID: Form = Form {
    is: "a gist's id (the hexadecimal part of its address), or empty",
    accepts: |text| {
        let pointer = format!("a:{text}").parse::<GistPointer>();
        text.is_empty() || pointer.is_ok_and(|pointer| pointer.revision().is_none())
    },
};
pub(super) const OWNERSHIP_TEMPLATE: Form = Form {
    is: "a text that holds {hotkey} once, such as \"owner: {hotkey}\"",
    accepts: |text| text.matches(HOTKEY_PLACE).count() == 1,
};
pub(super) const STORE_URL: Form = Form {
    is: "sqlite:// and a file name",
    accepts: |text| text.strip_prefix("sqlite://").is_some_and(|file| !file.trim().is_empty()),
};
pub(super) const ADDRESS: Form = Form {
    is: "an address and a port such as 127.0.0.1:8080, or empty to switch the service off",
    accepts: |text| text.is_empty() || text.parse::<SocketAddr>().is_ok(),
};
pub(super) const HOST: Form = Form {
    is: "a host name as browsers send it, in ASCII and without scheme, port or wildcard, such as tracker.example.org",
    accepts: |text| is_host_name(text.strip_suffix('.').unwrap_or(text)),
};
pub(super) const LOG_FILE: Form =
    Form { is: "a file, or empty for none", accepts: |text| text.is_empty() || is_file_path(text) };
