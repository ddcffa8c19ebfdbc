//! Writing a commitment, step by step: check, sign, send, wait until it is final, read it back.
//!
//! Invariants:
//!
//! - A commitment that is on chain already is not written again.
//! - The extrinsic is broadcast at most once, after registration, space and the node's own validation were checked.
//! - The outcome of a broadcast is reported only after the chain was asked. An error says either that nothing was written,
//!   or what is not known and until when.
//!
//! It retries nothing and stores nothing: a second run finds on the chain what an earlier run wrote.

use crate::text::visible::visible;
use std::time::Duration;
use tensorflix_chain::{ChainError, Client, CommitmentSpace, HotkeyWallet, PoolError, Preflight, Submitted};
use tensorflix_domain::chain_time::BLOCKS_PER_HOUR;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::extrinsic::{Failure, Fate, Inclusion, Remedy, SignedExtrinsic};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::subnet::{CommitmentRecord, Subnet};

/// Pause before the chain is asked again after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes the commitment of one hotkey in one subnet.
pub struct Committer<'a> {
    /// The chain.
    pub client: &'a Client,
    /// Who signs.
    pub wallet: &'a HotkeyWallet,
    /// The subnet.
    pub netuid: u16,
    /// Longest wait until it is final, and then the longest wait for the chain's answer about its outcome.
    pub patience: Duration,
    /// Receives a message for people at each step.
    pub progress: &'a dyn Fn(&str),
}

/// A commitment that the chain would accept.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The block at which the chain was read.
    head: Head,
    /// The subnet at that block.
    pub subnet: Subnet,
    previous: Option<CommitmentRecord>,
    text: String,
    /// Whether the chain holds exactly this commitment already.
    pub is_on_chain: bool,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// What the hotkey had committed before.
    pub previous: Option<CommitmentRecord>,
    /// What was done.
    pub deed: Deed,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing: the chain holds exactly this already.
    Stood,
    /// Nothing, because of `dry_run`: everything was checked.
    Withheld,
    /// It was written, is final, and was read back.
    Written {
        /// The block that includes it.
        block: Block,
        /// Hash of the extrinsic.
        extrinsic_hash: [u8; 32],
    },
}

/// Why there is no commitment, or why the outcome is not known; each with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The chain could not be asked, before anything was sent.
    #[error("nothing was sent: {0}")]
    Chain(#[from] ChainError),
    /// The hotkey is not registered on this subnet.
    #[error(
        "nothing was sent: the hotkey {hotkey} is not registered on subnet {netuid} (as of block {block}); register it \
         (`btcli subnet register --netuid {netuid}`), or select another one with --wallet-name and --wallet-hotkey"
    )]
    NotRegistered {
        /// The hotkey.
        hotkey: Hotkey,
        /// The subnet.
        netuid: u16,
        /// The block at which it was searched for.
        block: Block,
    },
    /// The hotkey has committed as much as it may in this epoch.
    #[error(
        "nothing was sent: the chain's limit for commitments is reached; this hotkey has committed {used_bytes} of \
         {limit_bytes} bytes in this epoch, and this commitment takes {charge_bytes}. Run this again from block \
         {renewed_at} on, in about {minutes} min"
    )]
    NoSpace {
        /// Bytes of this epoch so far.
        used_bytes: u64,
        /// Bytes of an epoch.
        limit_bytes: u64,
        /// Bytes that this commitment takes.
        charge_bytes: u64,
        /// The first block of the next epoch.
        renewed_at: Block,
        /// Minutes until then.
        minutes: u32,
    },
    /// The node or the runtime does not accept the extrinsic.
    #[error("nothing was written: the node rejected it ({error}); {advice}", advice = advice(error.remedy()))]
    Refused {
        /// Its words.
        error: PoolError,
    },
    /// It is in a block, and the call failed there.
    #[error(
        "nothing was written: block {block} includes it, but the call failed there ({failure}); {advice}",
        advice = advice(failure.remedy)
    )]
    Failed {
        /// The block.
        block: Block,
        /// The chain's error.
        failure: Failure,
    },
    /// Another extrinsic of the hotkey was included in its place.
    #[error(
        "nothing was written: another extrinsic of this hotkey was included instead in block {block}, so another program \
         signs with this hotkey; run this again"
    )]
    Superseded {
        /// The block of the other one.
        block: Block,
    },
    /// It was sent, and no block included it while it was valid.
    #[error("nothing was written: no block included it before it expired at block {valid_until}; run this again")]
    Expired {
        /// The last block that could include it.
        valid_until: Block,
    },
    /// It was sent, and its outcome is not known yet.
    #[error(
        "it is not known whether it was written: extrinsic {extrinsic} was sent, {detail}, and it may still be included \
         until block {valid_until}. Run this again after that block: it shows what the chain holds, and sends nothing if \
         the commitment is there"
    )]
    Undecided {
        /// Hash of the extrinsic.
        extrinsic: String,
        /// The last block that could include it.
        valid_until: Block,
        /// What is known.
        detail: String,
    },
    /// It was written, and could not be read back.
    #[error("it was written in block {block}, but could not be read back ({error}); run this again to check it")]
    Unread {
        /// The block that includes it.
        block: Block,
        /// Why.
        error: ChainError,
    },
    /// It was written, and the chain holds something else.
    #[error(
        "it was written in block {block}, but block {read_at} holds {found} for this hotkey, so another program commits \
         with this hotkey; stop that program, then run this again"
    )]
    Replaced {
        /// The block that includes it.
        block: Block,
        /// The block that it was read back at.
        read_at: Block,
        /// What is there, made visible.
        found: String,
    },
}

/// What to do about a refusal or a failure.
const fn advice(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Wait => "wait a few blocks, then run this again",
        Remedy::ReadAgain => "run this again",
        Remedy::NextEpoch => "the limit for commitments in this epoch is reached: run this again in the next epoch",
        Remedy::AlertOperator => {
            "check that the hotkey is still registered and that its account can pay the fee, then run this again"
        }
        Remedy::OurBug => "this is a bug in this program: please report it",
    }
}

/// A commitment for people, with invisible characters escaped.
pub fn shown(record: Option<&CommitmentRecord>) -> String {
    match record {
        Some(CommitmentRecord { text: Some(text), block }) => format!("{} (block {block})", visible(text)),
        Some(CommitmentRecord { text: None, block }) => format!("bytes that are not text (block {block})"),
        None => "nothing".to_owned(),
    }
}

impl Committer<'_> {
    /// Makes `pointer` the hotkey's commitment, unless it is that already or `dry_run` says to send nothing.
    ///
    /// # Errors
    /// [`CommitError`]: what happened and what to do.
    pub async fn commit(&self, pointer: &GistPointer, dry_run: bool) -> Result<Committed, CommitError> {
        let prepared = self.prepare(pointer).await?;
        self.finish(prepared, dry_run).await
    }

    /// Checks on chain whether the hotkey may commit `pointer`. Nothing is signed or sent.
    ///
    /// # Errors
    /// [`CommitError`]: why it may not.
    pub async fn prepare(&self, pointer: &GistPointer) -> Result<Prepared, CommitError> {
        let text = pointer.to_string();
        let head = self.client.finalized_head().await?;
        self.tell(format!("connected to {}, at block {}", self.client.endpoint().await?, head.stamp.block));
        let (subnet, previous) = self.registered(&head).await?;
        self.tell(format!("on chain now: {}", shown(previous.as_ref())));
        let is_on_chain = previous.as_ref().is_some_and(|record| record.text.as_ref() == Some(&text));
        if !is_on_chain {
            self.check_space(&head, &text).await?;
        }
        Ok(Prepared { head, subnet, previous, text, is_on_chain })
    }

    /// Writes what was prepared, unless it is on chain already or `dry_run` says to send nothing.
    ///
    /// # Errors
    /// [`CommitError`]: what happened and what to do.
    pub async fn finish(&self, prepared: Prepared, dry_run: bool) -> Result<Committed, CommitError> {
        let Prepared { head, previous, text, is_on_chain, .. } = prepared;
        if is_on_chain {
            return Ok(Committed { previous, deed: Deed::Stood });
        }
        if dry_run {
            return Ok(Committed { previous, deed: Deed::Withheld });
        }
        let (inclusion, extrinsic_hash) = self.send(&head, &text).await?;
        let block = inclusion.block;
        if let Some(failure) = inclusion.failure {
            return Err(CommitError::Failed { block, failure });
        }
        self.tell(format!("final in block {block}; reading it back"));
        self.read_back(block, &text).await?;
        Ok(Committed { previous, deed: Deed::Written { block, extrinsic_hash } })
    }

    fn tell(&self, step: impl AsRef<str>) {
        (self.progress)(step.as_ref());
    }

    /// Checks that the hotkey is registered, and returns the subnet and what the hotkey has committed.
    async fn registered(&self, head: &Head) -> Result<(Subnet, Option<CommitmentRecord>), CommitError> {
        let subnet = self.client.subnet(head, self.netuid).await?;
        let hotkey = self.wallet.hotkey();
        let Some(neuron) = subnet.neuron(&hotkey) else {
            return Err(CommitError::NotRegistered { hotkey, netuid: self.netuid, block: head.stamp.block });
        };
        self.tell(format!("hotkey {hotkey} has UID {} on subnet {}", neuron.uid, self.netuid));
        let committed = neuron.commitment.clone();
        Ok((subnet, committed))
    }

    async fn check_space(&self, head: &Head, text: &str) -> Result<(), CommitError> {
        let hotkey = self.wallet.hotkey();
        let Some(space) = self.client.commitment_space(head, self.netuid, &hotkey).await? else {
            self.tell("this runtime does not expose the limit for commitments");
            return Ok(());
        };
        let CommitmentSpace { used_bytes, limit_bytes, renewed_at_block: renewed_at } = space;
        if space.has_room_for(text) {
            self.tell(format!("{used_bytes} of {limit_bytes} commitment bytes of this epoch are used"));
            return Ok(());
        }
        let charge_bytes = CommitmentSpace::charge_bytes(text);
        let minutes = renewed_at.saturating_sub(head.stamp.block).div_ceil(BLOCKS_PER_HOUR / 60);
        Err(CommitError::NoSpace { used_bytes, limit_bytes, charge_bytes, renewed_at, minutes })
    }

    /// Signs and sends it, and returns where it was included.
    async fn send(&self, head: &Head, text: &str) -> Result<(Inclusion, [u8; 32]), CommitError> {
        let signed = self.client.sign_set_commitment(self.wallet, self.netuid, text, head).await?;
        if let Preflight::Refused(error) = self.client.validate(&signed.bytes).await? {
            return Err(CommitError::Refused { error });
        }
        self.tell(format!("sending extrinsic {} and waiting until it is final", named(&signed)));
        let inclusion = match self.client.submit(&signed.bytes, self.patience).await? {
            Submitted::Included(inclusion) => inclusion,
            Submitted::Refused(error) => return Err(CommitError::Refused { error }),
            Submitted::Unknown(uncertainty) => {
                self.tell(format!("{uncertainty}: asking the chain for its outcome"));
                self.settle(&signed).await?
            }
        };
        Ok((inclusion, signed.hash))
    }

    /// Asks the chain for the outcome of sent bytes, for as long as patience lasts.
    async fn settle(&self, signed: &SignedExtrinsic) -> Result<Inclusion, CommitError> {
        let undecided = |detail: String| CommitError::Undecided {
            extrinsic: named(signed),
            valid_until: signed.valid_until,
            detail,
        };
        let mut seen = signed.signed_at;
        let asking = async {
            let mut newer_than = None;
            loop {
                match self.look_up(signed, newer_than).await {
                    Ok((Fate::Included(inclusion), _)) => return Ok(inclusion),
                    Ok((Fate::Superseded { block }, _)) => return Err(CommitError::Superseded { block }),
                    Ok((Fate::Open, block)) if block >= signed.valid_until => {
                        return Err(CommitError::Expired { valid_until: signed.valid_until });
                    }
                    Ok((Fate::Open, block)) => {
                        seen = block;
                        newer_than = Some(block);
                    }
                    Err(error) if error.is_retryable() => tokio::time::sleep(PAUSE).await,
                    Err(error) => return Err(undecided(format!("the chain cannot be asked ({error})"))),
                }
            }
        };
        match tokio::time::timeout(self.patience, asking).await {
            Ok(settled) => settled,
            Err(_) => Err(undecided(format!("no final block up to {seen} includes it"))),
        }
    }

    /// The outcome of sent bytes by the newest final block, and that block.
    async fn look_up(&self, signed: &SignedExtrinsic, newer_than: Option<Block>) -> Result<(Fate, Block), ChainError> {
        let head = match newer_than {
            Some(block) => self.client.next_head(block).await?,
            None => self.client.finalized_head().await?,
        };
        let until = head.stamp.block.min(signed.valid_until);
        let fate =
            self.client.find_extrinsic(signed.hash, &signed.signer, signed.nonce, signed.signed_at, until).await?;
        Ok((fate, head.stamp.block))
    }

    /// Compares what the chain holds at a final block with what was written.
    async fn read_back(&self, block: Block, text: &str) -> Result<(), CommitError> {
        let read = async {
            // Another endpoint's head may be older than the block that includes it.
            let head = self.client.next_head(block.saturating_sub(1)).await?;
            let subnet = self.client.subnet(&head, self.netuid).await?;
            let neuron = subnet.neuron(&self.wallet.hotkey());
            Ok((head.stamp.block, neuron.and_then(|neuron| neuron.commitment.clone())))
        };
        let (read_at, record) = read.await.map_err(|error| CommitError::Unread { block, error })?;
        if record.as_ref().is_some_and(|record| record.text.as_deref() == Some(text)) {
            return Ok(());
        }
        Err(CommitError::Replaced { block, read_at, found: shown(record.as_ref()) })
    }
}

/// The extrinsic's hash as explorers show it.
fn named(signed: &SignedExtrinsic) -> String {
    format!("0x{}", hex::encode(signed.hash))
}
