//! An embedded subnet world: a chain node, GitHub, YouTube and Apify on loopback, over one seed and one clock.
//!
//! For the demo, the tests and the benchmarks. A [`Sandbox`] starts everything; its parts can also be used alone. The
//! same seed and the same block give the same answers, on every machine. Everything that is served or received is
//! counted, and every part fails on demand.
//!
//! It never leaves 127.0.0.1, and it decides nothing that is the validator's to decide.

pub mod attacks;
pub mod audience;
pub mod clock;
pub mod node;
pub mod platforms;
pub mod world;

use std::collections::BTreeMap;

use thiserror::Error;

use self::clock::{START_BLOCK, SandboxClock};
use self::node::{
    Genesis, GenesisCommitment, GenesisNeuron, Hyperparameters, Node, NodeError, NodeHandle, Pace, ValidatorAtWork,
};
use self::platforms::counters::PlatformsSnapshot;
use self::platforms::{Faults, Platforms, PlatformsError};
use self::world::{Member, OWNER_UID, World, WorldConfig, WorldHandle};

/// The subnet's number, as on mainnet.
pub const NETUID: u16 = 89;
/// A key that the sandbox's YouTube accepts (as any that does not begin with `invalid`).
pub const YOUTUBE_API_KEY: &str = "sandbox-youtube-key";
/// A token that the sandbox's Apify accepts.
pub const APIFY_API_KEY: &str = "sandbox-apify-token";
/// A token that the sandbox's GitHub accepts.
pub const GITHUB_TOKEN: &str = "sandbox-github-token";

/// An API user that the sandbox's SightEngine accepts.
pub const SIGHTENGINE_API_USER: &str = "sandbox-sightengine-user";
/// An API secret that the sandbox's SightEngine accepts.
pub const SIGHTENGINE_API_SECRET: &str = "sandbox-sightengine-secret";
/// A key that the sandbox's OpenAI accepts.
pub const OPENAI_API_KEY: &str = "sandbox-openai-key";
/// A token that the sandbox's webhook accepts.
pub const WEBHOOK_TOKEN: &str = "sandbox-webhook-token";

/// Blocks before the first at which the other validators last set weights.
const OTHERS_SET_WEIGHTS_BEFORE_BLOCKS: u32 = 60;

/// What a sandbox is made of.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Seed and sizes of the population.
    pub world: WorldConfig,
    /// When blocks are made.
    pub pace: Pace,
    /// The subnet's rules.
    pub hyperparameters: Hyperparameters,
}

impl Default for SandboxConfig {
    /// Twelve miners, three tasks, and blocks only when an extrinsic waits.
    fn default() -> Self {
        Self { world: WorldConfig::default(), pace: Pace::Hold, hyperparameters: Hyperparameters::default() }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// The chain node did not start.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A platform's server did not start.
    #[error(transparent)]
    Platforms(#[from] PlatformsError),
}

/// Where everything listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxUrls {
    /// The chain node (`[network] network` or `endpoints`).
    pub node: String,
    /// `[github] api_url`.
    pub github_api: String,
    /// `[github] raw_url`.
    pub github_raw: String,
    /// `[youtube] api_url`.
    pub youtube: String,
    /// `[instagram] api_url`.
    pub apify: String,
    /// `[sightengine] api_url`.
    pub sightengine: String,
    /// `[openai] api_url`.
    pub openai: String,
    /// `[webhook] url`.
    pub webhook: String,
}

/// The validator that the sandbox is made for, with its throwaway wallet.
#[derive(Clone, Debug)]
pub struct ValidatorIdentity {
    /// Its UID.
    pub uid: u16,
    /// GitHub login (`[validator] username`).
    pub username: String,
    /// The gist with its tasks (`[validator] gist_id`).
    pub gist_id: String,
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// SS58 address of its coldkey.
    pub coldkey: String,
    /// Content of the wallet file `hotkeys/<name>`, with the private key.
    pub hotkey_keyfile: String,
    /// Content of the wallet file `hotkeys/<name>pub.txt`.
    pub hotkey_public_keyfile: String,
    /// Content of the wallet file `coldkeypub.txt`.
    pub coldkey_public_keyfile: String,
}

impl ValidatorIdentity {
    /// The identity of a member.
    pub fn of(member: &Member) -> Self {
        Self {
            uid: member.uid,
            username: member.username.clone(),
            gist_id: member.gist_id.clone(),
            hotkey: member.hotkey.ss58().to_owned(),
            coldkey: member.coldkey.ss58().to_owned(),
            hotkey_keyfile: member.hotkey.keyfile(),
            hotkey_public_keyfile: member.hotkey.public_keyfile(),
            coldkey_public_keyfile: member.coldkey.public_keyfile(),
        }
    }
}

/// Everything that was served and received.
#[derive(Clone, Debug, Default)]
pub struct SandboxCounters {
    /// The servers of platforms and detectors.
    pub platforms: PlatformsSnapshot,
    /// JSON-RPC requests to the node by method, those inside batches too.
    pub rpc: BTreeMap<String, u64>,
}

/// A running sandbox. Dropping it stops it without waiting.
pub struct Sandbox {
    world: WorldHandle,
    node: Node,
    handle: NodeHandle,
    platforms: Platforms,
}

impl Sandbox {
    /// Starts world, node and platforms at [`START_BLOCK`].
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        Self::start_on(node::Release::default(), config).await
    }

    /// Starts everything, with a chain that runs `release`.
    ///
    /// # Errors
    /// As [`Sandbox::start`].
    pub async fn start_on(release: node::Release, config: SandboxConfig) -> Result<Self, SandboxError> {
        let seed = config.world.seed;
        let world = World::generate_with(config.world);
        let clock = SandboxClock::at(START_BLOCK);
        let node = Node::start_with(release, genesis(seed, &world, config.hyperparameters), clock.clone(), config.pace)
            .await?;
        let world = WorldHandle::new(world, clock);
        let platforms = Platforms::start(world.clone()).await?;
        Ok(Self { world, handle: node.handle(), node, platforms })
    }

    /// Where everything listens.
    pub fn urls(&self) -> SandboxUrls {
        SandboxUrls {
            node: self.node.url(),
            github_api: self.platforms.github_api_url(),
            github_raw: self.platforms.github_raw_url(),
            youtube: self.platforms.youtube_url(),
            apify: self.platforms.apify_url(),
            sightengine: self.platforms.sightengine_url(),
            openai: self.platforms.openai_url(),
            webhook: self.platforms.webhook_url(),
        }
    }

    /// The validator that the sandbox is made for.
    pub fn validator(&self) -> ValidatorIdentity {
        ValidatorIdentity::of(&self.world.validator())
    }

    /// The chain: what is stored, and what tests change and spoil there.
    pub fn node(&self) -> &NodeHandle {
        &self.handle
    }

    /// The population, for reading and changing.
    pub fn world(&self) -> &WorldHandle {
        &self.world
    }

    /// The platform servers with their settings.
    pub fn platforms(&self) -> &Platforms {
        &self.platforms
    }

    /// Faults of the platform servers; those of the chain are at [`node`](Self::node).
    pub fn faults(&self) -> &Faults {
        self.platforms.faults()
    }

    /// Everything served and received so far.
    pub fn counters(&self) -> SandboxCounters {
        SandboxCounters { platforms: self.platforms.counters(), rpc: self.handle.rpc_counts() }
    }

    /// The newest block.
    pub fn block(&self) -> u32 {
        self.world.block()
    }

    /// Makes blocks up to this one; nothing if it is there already.
    pub fn advance_to(&self, block: u32) {
        self.handle.advance_to(block);
    }

    /// Stops everything and waits until it has ended.
    pub async fn stop(self) {
        self.platforms.stop().await;
        self.node.stop().await;
    }
}

/// The chain as this population left it at the first block.
fn genesis(seed: u64, world: &World, hyperparameters: Hyperparameters) -> Genesis {
    let owner = &world.members()[usize::from(OWNER_UID)];
    Genesis {
        seed,
        netuid: NETUID,
        owner_hotkey: owner.hotkey.public(),
        owner_coldkey: owner.coldkey.public(),
        neurons: world.members().iter().map(|member| neuron(member, world.validator().uid)).collect(),
        at_work: world
            .weights_of_others()
            .into_iter()
            .map(|(validator, weights)| ValidatorAtWork { hotkey: validator.hotkey.public(), weights })
            .collect(),
        hyperparameters,
    }
}

fn neuron(member: &Member, our_uid: u16) -> GenesisNeuron {
    // The others are at work; ours has not set weights since it was registered.
    let sets_weights = member.has_permit() && member.uid != our_uid;
    let last_update =
        if sets_weights { START_BLOCK - OTHERS_SET_WEIGHTS_BEFORE_BLOCKS } else { member.registered_at_block };
    GenesisNeuron {
        uid: member.uid,
        hotkey: member.hotkey.public(),
        coldkey: member.coldkey.public(),
        stake_rao: member.stake_rao,
        validator_permit: member.has_permit(),
        registered_at_block: member.registered_at_block,
        last_update_block: u64::from(last_update),
        commitment: member.commitment.as_ref().map(|commitment| GenesisCommitment {
            text: commitment.text.clone().into_bytes(),
            block: commitment.block,
        }),
    }
}
