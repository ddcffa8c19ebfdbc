//! Every section and key with its bounds: the only list of settings that there is.
//!
//! Reading, checking and suggesting all go through this table. Defaults are in [`defaults`](super::defaults), and what
//! each setting is for stands in `config.toml`; tests hold that the three agree.

use super::forms;
use super::kind::Kind;

/// A key of a section and what it accepts.
pub(super) type Setting = (&'static str, Kind);

/// One section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// Its name in the file.
    pub name: &'static str,
    /// Its keys, in the order of `config.toml`.
    pub settings: &'static [Setting],
}

/// The section that holds a sub-section for each actor, with the keys of [`SUPERVISION`].
pub(super) const ACTORS: &str = "actors";
/// The section whose keys an actor's own section overrides.
pub(super) const SUPERVISION: &str = "supervision";
/// The actors that may have a section.
pub(super) const ACTOR_NAMES: [&str; 7] =
    ["chain_watcher", "gist_fetcher", "youtube", "instagram", "verifier", "scorer", "weight_setter"];

/// 2^63 - 1: the file format has no larger whole numbers.
const LARGEST_INTEGER: i64 = i64::MAX;
/// From one request in a quarter of an hour to more than any platform grants.
const RATE: Kind = Kind::Float { min: 0.001, max: 10_000.0 };
const BURST: Kind = Kind::Integer { min: 1, max: 10_000 };
const IN_FLIGHT: Kind = Kind::Integer { min: 1, max: 1000 };
const TIMEOUT_SECS: Kind = Kind::Integer { min: 1, max: 3600 };
/// From three blocks to a year.
const HOURS: Kind = Kind::Float { min: 0.01, max: 8760.0 };
const HOURS_OR_NONE: Kind = Kind::Float { min: 0.0, max: 8760.0 };
const SHARE: Kind = Kind::Float { min: 0.0, max: 1.0 };
/// A certainty of nothing would break every rule.
const THRESHOLD: Kind = Kind::Float { min: 0.01, max: 1.0 };
const DAILY_REQUESTS: Kind = Kind::Integer { min: 0, max: 1_000_000_000 };
const REQUEST_USD: Kind = Kind::Float { min: 0.0, max: 1000.0 };
const RUN_CHARGE_USD: Kind = Kind::Float { min: 0.01, max: 1000.0 };
const DAILY_CHARGE_USD: Kind = Kind::Float { min: 0.0, max: 10_000.0 };
const BLOCKS_OF_A_DAY: i64 = 7200;
const SECONDS_OF_A_YEAR: i64 = 365 * 86_400;
const VERIFIER_MODE: Kind = Kind::Choice(&["off", "observe", "enforce"]);

const fn integer(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max }
}

/// All sections but [`ACTORS`].
pub(super) static SECTIONS: [Section; 17] = [
    Section {
        name: "network",
        settings: &[
            ("netuid", integer(0, 65_535)),
            ("network", Kind::Text(forms::NETWORK)),
            ("endpoints", Kind::List(forms::WEBSOCKET_URL)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "wallet",
        settings: &[
            ("path", Kind::Text(forms::DIRECTORY)),
            ("name", Kind::Text(forms::WALLET_NAME)),
            ("hotkey", Kind::Text(forms::WALLET_NAME)),
            ("password_file", Kind::Text(forms::SECRET_FILE)),
        ],
    },
    Section {
        name: "validator",
        settings: &[
            ("username", Kind::Text(forms::USERNAME)),
            ("gist_id", Kind::Text(forms::GIST_ID)),
            ("task_source", Kind::Choice(&["gist", "network"])),
            ("update_interval_hours", HOURS),
            ("min_age_hours", HOURS),
            ("max_evidence_age_hours", HOURS),
            ("gist_poll_blocks", integer(1, BLOCKS_OF_A_DAY)),
        ],
    },
    Section {
        name: "github",
        settings: &[
            ("api_url", Kind::Text(forms::HTTP_URL)),
            ("raw_url", Kind::Text(forms::HTTP_URL)),
            ("token_file", Kind::Text(forms::SECRET_FILE)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("max_in_flight", IN_FLIGHT),
            ("timeout_secs", TIMEOUT_SECS),
            ("max_gist_bytes", integer(1024, 16 * 1024 * 1024)),
        ],
    },
    Section {
        name: "youtube",
        settings: &[
            ("api_url", Kind::Text(forms::HTTP_URL)),
            ("api_key_file", Kind::Text(forms::SECRET_FILE)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("batch_size", integer(1, 50)),
            ("max_in_flight", IN_FLIGHT),
            ("daily_quota", integer(0, 1_000_000_000)),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "instagram",
        settings: &[
            ("api_url", Kind::Text(forms::HTTP_URL)),
            ("api_key_file", Kind::Text(forms::SECRET_FILE)),
            ("actor", Kind::Text(forms::APIFY_ACTOR)),
            ("view_metric", Kind::Choice(&["views", "plays"])),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("batch_size", integer(1, 1000)),
            ("max_in_flight", IN_FLIGHT),
            ("max_charge_usd", RUN_CHARGE_USD),
            ("daily_charge_usd", DAILY_CHARGE_USD),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "rules",
        settings: &[
            ("ownership_tag", Kind::Choice(&["prefer", "off", "required"])),
            ("ownership_template", Kind::Text(forms::OWNERSHIP_TEMPLATE)),
            ("gist_owner", Kind::Choice(&["prefer", "required"])),
            ("max_per_miner_and_task", integer(1, 1000)),
            ("content_scope", Kind::Choice(&["task", "subnet"])),
            ("live", Kind::Choice(&["reject", "accept"])),
        ],
    },
    Section {
        name: "defences",
        settings: &[
            ("max_per_coldkey_and_task", integer(0, 1000)),
            ("max_per_github_owner_and_task", integer(0, 1000)),
            ("max_per_channel_and_task", integer(0, 1000)),
            ("foreign_tag", Kind::Choice(&["accept", "reject"])),
            ("settling_hours", HOURS_OR_NONE),
            ("first_sight_views", integer(0, LARGEST_INTEGER)),
            ("hidden_engagement_share", SHARE),
            ("score_exponent", Kind::Float { min: 0.1, max: 2.0 }),
            ("task_floor_share", SHARE),
        ],
    },
    Section {
        name: "verifier",
        settings: &[
            ("ai", VERIFIER_MODE),
            ("illicit", VERIFIER_MODE),
            ("topic", VERIFIER_MODE),
            ("traffic", Kind::Choice(&["discount", "off", "observe", "hold", "reject"])),
            ("ai_threshold", THRESHOLD),
            ("illicit_threshold", THRESHOLD),
            ("topic_threshold", THRESHOLD),
            ("grace_hours", HOURS_OR_NONE),
            ("on_unknown", Kind::Choice(&["accept", "hold"])),
            ("sample_share", SHARE),
            ("verdict_hours", HOURS),
        ],
    },
    Section {
        name: "sightengine",
        settings: &[
            ("api_url", Kind::Text(forms::HTTP_URL)),
            ("api_user_file", Kind::Text(forms::SECRET_FILE)),
            ("api_secret_file", Kind::Text(forms::SECRET_FILE)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("max_in_flight", IN_FLIGHT),
            ("daily_requests", DAILY_REQUESTS),
            ("usd_per_request", REQUEST_USD),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "openai",
        settings: &[
            ("api_url", Kind::Text(forms::HTTP_URL)),
            ("api_key_file", Kind::Text(forms::SECRET_FILE)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("max_in_flight", IN_FLIGHT),
            ("daily_requests", DAILY_REQUESTS),
            ("usd_per_request", REQUEST_USD),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "webhook",
        settings: &[
            ("url", Kind::Text(forms::OPTIONAL_HTTP_URL)),
            ("token_file", Kind::Text(forms::SECRET_FILE)),
            ("checks", Kind::List(forms::CHECK)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("max_in_flight", IN_FLIGHT),
            ("daily_requests", DAILY_REQUESTS),
            ("usd_per_request", REQUEST_USD),
            ("timeout_secs", TIMEOUT_SECS),
        ],
    },
    Section {
        name: "weights",
        settings: &[
            ("aggregate", Kind::Choice(&["sum", "best"])),
            ("top_n", integer(0, 65_535)),
            ("ema_half_life_hours", HOURS_OR_NONE),
            ("burn_share", SHARE),
            ("resend_blocks", integer(0, BLOCKS_OF_A_DAY)),
            ("version_key", integer(0, LARGEST_INTEGER)),
            ("on_foreign_update", Kind::Choice(&["continue", "stop"])),
        ],
    },
    Section { name: "store", settings: &[("url", Kind::Text(forms::STORE_URL)), ("keep_days", integer(1, 36_500))] },
    Section {
        name: "http",
        settings: &[
            ("chain_syncer", Kind::Text(forms::ADDRESS)),
            ("platform_tracker", Kind::Text(forms::ADDRESS)),
            ("dashboard", Kind::Text(forms::ADDRESS)),
            ("allowed_hosts", Kind::List(forms::HOST)),
            ("max_age_secs", integer(1, SECONDS_OF_A_YEAR)),
            ("requests_per_second", RATE),
            ("burst", BURST),
            ("compatibility", Kind::Choice(&["", "original"])),
        ],
    },
    Section {
        name: "log",
        settings: &[
            ("level", Kind::Choice(&["error", "warn", "info", "debug", "trace"])),
            ("format", Kind::Choice(&["text", "json"])),
            ("file", Kind::Text(forms::LOG_FILE)),
            ("max_mb", integer(1, 10_240)),
            ("keep", integer(1, 100)),
            ("metrics_interval_secs", integer(1, 86_400)),
        ],
    },
    Section {
        name: SUPERVISION,
        settings: &[
            ("max_restarts", integer(0, 1000)),
            ("within_secs", integer(1, 86_400)),
            ("backoff_min_ms", integer(1, 60_000)),
            ("backoff_max_ms", integer(1, 3_600_000)),
        ],
    },
];

/// A section by name; that of an actor (`actors.<name>`) has the settings of [`SUPERVISION`].
pub(super) fn section(name: &str) -> Option<&'static Section> {
    let name = match name.strip_prefix("actors.") {
        Some(actor) if ACTOR_NAMES.contains(&actor) => SUPERVISION,
        _ => name,
    };
    SECTIONS.iter().find(|section| section.name == name)
}

/// A key of a section, with what it accepts.
pub(super) fn find(section_name: &str, key: &str) -> Option<Setting> {
    section(section_name)?.settings.iter().find(|(name, _)| *name == key).copied()
}

/// The first section that has a key, for those who forgot the section.
pub(super) fn section_with(key: &str) -> Option<&'static str> {
    let holds = |section: &&Section| section.settings.iter().any(|(name, _)| *name == key);
    SECTIONS.iter().find(holds).map(|section| section.name)
}
