//! The settings of a test's validator. A test that needs others changes the fields that it is about.

use crate::gists::pointer;
use crate::subnets::hotkey;
use crate::world::{ROUND_BLOCKS, SLOT_BLOCKS};
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::chain_watcher::Grids;
use tensorflix_actors::gist_fetcher::github::GitHubSettings;
use tensorflix_actors::platforms::DailyBudget;
use tensorflix_actors::platforms::instagram::{Instagram, charge_units};
use tensorflix_actors::platforms::youtube::YouTube;
use tensorflix_actors::ports::Clock;
use tensorflix_actors::scorer::{CycleSettings, Opening};
use tensorflix_actors::system::ReadingSettings;
use tensorflix_actors::verifier::{Terms, Webhook, detector_bucket};
use tensorflix_actors::weight_setter::{OnForeignUpdate, SendingSettings};
use tensorflix_domain::policy::Policy;
use tensorflix_domain::task_source::TaskSource;
use tensorflix_domain::verification::Provider;

/// Deadline of one request to a service that answers at once.
const DEADLINE: Duration = Duration::from_secs(15);

/// GitHub at `api.github.test` and `raw.github.test`, without a token.
pub fn github() -> GitHubSettings {
    GitHubSettings {
        api_url: "https://api.github.test".parse().expect("a URL"),
        raw_url: "https://raw.github.test".parse().expect("a URL"),
        token: None,
        deadline: DEADLINE,
        max_gist_bytes: 262_144,
    }
}

/// The task gist is the ninth of user `validator`.
pub fn reading() -> ReadingSettings {
    ReadingSettings {
        grids: Grids { round_blocks: ROUND_BLOCKS, slot_blocks: SLOT_BLOCKS },
        github: github(),
        max_in_flight: 8,
        task_gist: Some(pointer("validator", 9)),
    }
}

/// A cycle in each slot, with the default policy. Our hotkey is the first.
pub fn cycles() -> CycleSettings {
    CycleSettings {
        policy: Policy::default(),
        task_source: TaskSource::Gist,
        task_gist: Some(pointer("validator", 9)),
        own_hotkey: Some(hotkey(1)),
        slot_blocks: SLOT_BLOCKS,
        round_blocks: ROUND_BLOCKS,
        opening: Opening::Grid,
        release: String::new(),
    }
}

/// Weights are sent, in automatic windows.
pub const fn sending() -> SendingSettings {
    SendingSettings {
        resend_blocks: 0,
        slot_blocks: SLOT_BLOCKS,
        version_key: 0,
        on_foreign_update: OnForeignUpdate::Continue,
        dry_run: false,
    }
}

/// YouTube at `youtube.test`.
pub fn youtube() -> YouTube {
    YouTube {
        api_url: "https://youtube.test".parse().expect("a URL"),
        api_keys: vec!["key".to_owned().into()],
        batch_size: 50,
        max_in_flight: 4,
        daily_quota: DailyBudget::new(9_000),
        deadline: DEADLINE,
    }
}

/// Instagram by Apify at `apify.test`.
pub fn instagram(clock: Arc<dyn Clock>) -> Instagram {
    Instagram {
        api_url: "https://apify.test".parse().expect("a URL"),
        api_key: Some("key".to_owned().into()),
        actor: "apify~scraper".to_owned(),
        batch_size: 100,
        max_in_flight: 2,
        max_charge_usd: 1.0,
        daily_charge: DailyBudget::new(charge_units(5.0)),
        deadline: Duration::from_secs(180),
        clock,
    }
}

/// A detector at `detector.test`.
pub fn detector() -> Webhook {
    let terms = Terms {
        bucket: detector_bucket(Provider::Webhook, None),
        max_in_flight: 2,
        daily_requests: 1_000,
        deadline: DEADLINE,
    };
    Webhook { url: "https://detector.test/hook".parse().expect("a URL"), token: None, terms }
}
