//! The chain, the hotkey, the tasks and the weights.

use std::path::PathBuf;
use std::time::Duration;
use tensorflix_actors::weight_setter::OnForeignUpdate;
use tensorflix_domain::policy::Aggregate;
use tensorflix_domain::task_source::TaskSource;

use super::bounds::{BLOCKS_OF_A_DAY, HOURS, HOURS_OR_NONE, LARGEST_INTEGER, SHARE};
use super::forms;
use tensorflix_settings::text_form;
use tensorflix_settings::{BURST, RATE, SECRET_FILE, TIMEOUT};
use tensorflix_settings::{integer, list, one_of, settings, text};

settings! {
    /// The chain.
    [network] NetworkSettings {
        /// The subnet.
        netuid: u16 = 89, integer(0..=65_535).variable("NETUID");

        /// mainnet (or finney), testnet (or test), local, or a ws:// or wss:// URL.
        network: String = "mainnet".to_owned(), text(forms::NETWORK).variable("SUBTENSOR_NETWORK");

        /// ws:// or wss:// URLs in place of the network's own, in order of preference: your own node first, others as
        /// a fallback. The first healthy one is used; one that hangs, lags or serves another chain is left until it recovers.
        endpoints: Vec<String> = Vec::new(), list(forms::WEBSOCKET_URL);

        /// Rate of requests; public nodes refuse clients that send more.
        requests_per_second: f64 = 20.0, RATE.reloads();

        /// Requests that may be sent at once before the rate limits them.
        burst: u32 = 40, BURST.reloads();

        /// Deadline of one request to an endpoint that responds; a silent one is left sooner.
        timeout_secs: u64 = 30, TIMEOUT;
    }
}

settings! {
    /// The hotkey that signs weights.
    [wallet] WalletSettings {
        /// Directory of the wallets; ~ is your home directory.
        path: String = "~/.bittensor/wallets".to_owned(), text(forms::DIRECTORY);

        /// The wallet (coldkey) in that directory; its coldkey is never read.
        name: String = "default".to_owned(), text(forms::WALLET_NAME);

        /// The hotkey of that wallet, as registered in the subnet.
        hotkey: String = "default".to_owned(), text(forms::WALLET_NAME);

        /// If the hotkey is encrypted: a file that only you can read, with the password in its first line. If empty, the
        /// password comes from the variable `BT_PW_<PATH OF THE KEY>` of Bittensor's tools, or you are asked at a terminal.
        #[serde(with = "text_form::optional_path")]
        password_file: Option<PathBuf> = None, SECRET_FILE;
    }
}

settings! {
    /// Which tasks count, and when scores are decided.
    [validator] ValidatorSettings {
        /// GitHub login of the task gist's owner; empty: from your own on-chain commitment.
        username: String = String::new(), text(forms::USERNAME);

        /// Id of the task gist; empty: from your own on-chain commitment. Validators that name the same gist agree.
        gist_id: String = String::new(), text(forms::GIST_ID);

        /// gist: the tasks of this one gist; network: those of all permitted validators, each of which divides its share
        /// of stake among its tasks.
        task_source: TaskSource = TaskSource::Gist, one_of(&["gist", "network"]);

        /// Chain time from one decided cycle to the next; weights are re-sent in between.
        update_interval_hours: f64 = 24.0, HOURS;

        /// A younger video counts as this old; otherwise its views per hour would be inflated.
        min_age_hours: f64 = 1.0, HOURS;

        /// How long the last good evidence is used while a platform does not answer.
        max_evidence_age_hours: f64 = 48.0, HOURS;

        /// Blocks (12 s each) between rounds of reading gists; a submission seen in an earlier round wins a dispute.
        gist_poll_blocks: u32 = 25, integer(1..=BLOCKS_OF_A_DAY).unit("blocks");
    }
}

settings! {
    /// From scores to weights.
    [weights] WeightsSettings {
        /// A miner's weight. sum: the sum of its scores; best: the best score of each task.
        aggregate: Aggregate = Aggregate::Sum, one_of(&["sum", "best"]);

        /// Number of miners that are paid, by score; 0: all.
        top_n: u32 = 0, integer(0..=65_535).unit("miners");

        /// Age at which an old score counts half; 0: only the new score counts.
        ema_half_life_hours: f64 = 0.0, HOURS_OR_NONE;

        /// Share of the weight that goes to the subnet owner's UID, which burns it.
        burn_share: f64 = 0.0, SHARE;

        /// Blocks between submissions; 0: from the chain's tempo and rate limit, always before it counts us as inactive.
        resend_blocks: u32 = 0, integer(0..=BLOCKS_OF_A_DAY).unit("blocks");

        /// Version key sent with the weights, if the subnet asks for one.
        version_key: u64 = 0, integer(0..=LARGEST_INTEGER);

        /// What to do when someone else (a second validator or a thief) sets weights with our hotkey. continue: report it
        /// and keep sending; stop: report it and send nothing more until a restart.
        on_foreign_update: OnForeignUpdate = OnForeignUpdate::Continue, one_of(&["continue", "stop"]);
    }
}

impl NetworkSettings {
    /// Deadline of one request.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs)
    }
}
