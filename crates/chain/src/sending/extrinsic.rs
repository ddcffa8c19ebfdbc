//! Building and signing extrinsics.
//!
//! Invariants: a signed extrinsic is mortal ([`ERA_BLOCKS`] from the head it was signed at), carries no tip, and is
//! complete: its bytes can be stored and broadcast by another process. Calls are found and their arguments placed by
//! name; a runtime with a call or signed extension that we cannot fill is [`ChainError::CannotBuild`]. Nothing is sent here.

use crate::client::Client;
use crate::connection::line::Line;
use crate::errors::ChainError;
use crate::reading::runtime::Runtime;
use crate::reading::subnet::MODULE;
use crate::sending::calls::{
    COMMIT_TIMELOCKED, Call, commit_hashed, commit_timelocked, payload, reveal_hashed, set_commitment, set_weights,
};
use crate::sending::hashed;
use crate::sending::obstacles::obstacle;
use crate::sending::timelock::{self, Commit, Secret};
use crate::wallet::HotkeyWallet;
use std::ops::RangeInclusive;
use subxt::config::{DefaultExtrinsicParamsBuilder, SubstrateConfig};
use subxt::utils::{AccountId32, H256};
use tensorflix_domain::extrinsic::{SignedExtrinsic, SignedWeights};
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::intent::CommitOpening;

/// Blocks for which a signature is good.
pub const ERA_BLOCKS: u32 = 64;

/// Extrinsics of one signer that may wait in a pool, or have come since the newest finalized block. A nonce further ahead than
/// that is a node's mistake.
const MOST_WAITING: u64 = 64;

impl Client {
    /// Signs `weights`, in their order, with the signer's next nonce: as `SubtensorModule.set_weights`, or, where the
    /// subnet takes only commits at `head`, as `commit_timelocked_weights`, or as `commit_weights` if the runtime has nothing
    /// newer. What the last is opened with is in its plan, and has to be kept until [`Client::sign_reveal`].
    ///
    /// # Errors
    /// [`ChainError::CannotBuild`], [`ChainError::ForeignBeacon`], [`ChainError::CannotTimelock`] (alert all three), or
    /// what [`ChainError`] says of the conversation.
    pub async fn sign_weights(
        &self,
        wallet: &HotkeyWallet,
        netuid: u16,
        weights: &[(Uid, u16)],
        version_key: u64,
        head: &Head,
    ) -> Result<SignedWeights, ChainError> {
        let mut snapshot = self.snapshot(head.into()).await?;
        snapshot.load(timelock::slots(netuid)).await?;
        if !timelock::demands_commits(&snapshot, netuid) {
            let extrinsic = self.sign(wallet, &set_weights(netuid, weights, version_key), head).await?;
            return Ok(SignedWeights { extrinsic, reveal: None });
        }
        let runtime = snapshot.runtime();
        let hotkey = wallet.hotkey();
        let secret = Secret { hotkey: &hotkey, weights, version_key };
        if !runtime.has_call(MODULE, COMMIT_TIMELOCKED) && hashed::is_known_to(runtime) {
            let (digest, plan) = hashed::commit(&snapshot, netuid, &secret, head)?;
            let extrinsic = self.sign(wallet, &commit_hashed(netuid, &digest), head).await?;
            return Ok(SignedWeights { extrinsic, reveal: Some(plan) });
        }
        let genesis = self.genesis().await?.0;
        let Commit { ciphertext, version, plan } = timelock::commit(&snapshot, &genesis, netuid, &secret, head)?;
        let call = commit_timelocked(netuid, &ciphertext, plan.round, version);
        Ok(SignedWeights { extrinsic: self.sign(wallet, &call, head).await?, reveal: Some(plan) })
    }

    /// Signs `SubtensorModule.reveal_weights` of a hashed commit of these `weights`, with the signer's next nonce.
    ///
    /// # Errors
    /// [`ChainError::CannotBuild`] (alert), or what [`ChainError`] says of the conversation.
    pub async fn sign_reveal(
        &self,
        wallet: &HotkeyWallet,
        netuid: u16,
        weights: &[(Uid, u16)],
        opening: &CommitOpening,
        head: &Head,
    ) -> Result<SignedExtrinsic, ChainError> {
        self.sign(wallet, &reveal_hashed(netuid, weights, opening), head).await
    }

    /// Signs `Commitments.set_commitment` with `text`, with the signer's next nonce.
    ///
    /// # Errors
    /// [`ChainError::CommitmentTooLong`] (our caller's mistake), [`ChainError::CannotBuild`] (alert), or what
    /// [`ChainError`] says of the conversation.
    pub async fn sign_set_commitment(
        &self,
        wallet: &HotkeyWallet,
        netuid: u16,
        text: &str,
        head: &Head,
    ) -> Result<SignedExtrinsic, ChainError> {
        let call = set_commitment(netuid, text).ok_or(ChainError::CommitmentTooLong { length_bytes: text.len() })?;
        self.sign(wallet, &call, head).await
    }

    /// The nonce that the next extrinsic of `hotkey` needs, counting what waits in the node's pool.
    ///
    /// # Errors
    /// What [`ChainError`] says of the conversation.
    pub async fn account_nonce(&self, hotkey: &Hotkey) -> Result<u64, ChainError> {
        self.next_nonce(hotkey, 0..=u64::MAX).await
    }

    /// The same, if it is one of `possible`.
    async fn next_nonce(&self, hotkey: &Hotkey, possible: RangeInclusive<u64>) -> Result<u64, ChainError> {
        const METHOD: &str = "system_accountNextIndex";
        let (account, possible) = (&AccountId32(*hotkey.public_key()), &possible);
        // Not the finalized block's nonce: an extrinsic included since then would make it stale.
        let question = |line: Line| async move {
            let nonce = line.methods.system_account_next_index(account).await;
            match nonce.map_err(|error| line.failed(METHOD, error))? {
                nonce if possible.contains(&nonce) => Ok(nonce),
                nonce => Err(line.misanswered(METHOD, format!("{nonce}, which is not in {possible:?}"))),
            }
        };
        self.ask(METHOD, question).await
    }

    async fn sign(&self, wallet: &HotkeyWallet, call: &Call, head: &Head) -> Result<SignedExtrinsic, ChainError> {
        let runtime = self.runtime_at(head.into()).await?;
        let used = self.finalized_nonce(head, &wallet.hotkey()).await?;
        let nonce = self.next_nonce(&wallet.hotkey(), used..=used.saturating_add(MOST_WAITING)).await?;
        sign_call(&runtime, wallet, call, nonce, head)
    }
}

fn sign_call(
    runtime: &Runtime,
    wallet: &HotkeyWallet,
    call: &Call,
    nonce: u64,
    head: &Head,
) -> Result<SignedExtrinsic, ChainError> {
    let cannot_build = |detail: String| ChainError::CannotBuild {
        call: format!("{}.{}", call.pallet, call.name),
        spec_version: runtime.spec_version,
        detail,
    };
    let names: Vec<&str> = call.arguments.iter().map(|(name, _)| *name).collect();
    if let Some(obstacle) = obstacle(runtime, call.pallet, call.name, &names) {
        return Err(cannot_build(obstacle));
    }
    let payload = payload(call);
    let parameters = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
        .nonce(nonce)
        .tip(0)
        .mortal_from_unchecked(ERA_BLOCKS.into(), head.stamp.block.into(), H256(head.hash))
        .build();
    let signed = runtime
        .codec
        .tx()
        .create_signable_offline(&payload, parameters)
        .and_then(|mut signable| signable.sign(wallet))
        .map_err(|error| cannot_build(error.to_string()))?;
    Ok(SignedExtrinsic {
        hash: signed.hash().0,
        bytes: signed.into_encoded(),
        signer: wallet.hotkey(),
        nonce,
        signed_at: head.stamp.block,
        // The era's first block is the one it was signed at, its period counts from there.
        valid_until: head.stamp.block.saturating_add(ERA_BLOCKS - 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;
    use subxt::dynamic::Value;
    use tensorflix_domain::chain_time::{BlockStamp, Moment};

    const HEAD: Head = Head { stamp: BlockStamp { block: 1_000, time: Moment::from_unix_ms(0) }, hash: [3; 32] };

    fn sign(call: &Call) -> Result<SignedExtrinsic, ChainError> {
        sign_call(&finney(), &HotkeyWallet::from_uri("//Alice").expect("a key"), call, 7, &HEAD)
    }

    /// The call's bytes are the tail of the extrinsic.
    fn tail(signed: &SignedExtrinsic, length: usize) -> String {
        hex::encode(&signed.bytes[signed.bytes.len() - length..])
    }

    #[test]
    fn set_weights_is_encoded_as_the_chain_expects() {
        let signed = sign(&set_weights(89, &[(3, 65535), (1, 2)], 5)).expect("a signature");
        // Pallet 7, call 0; netuid; two lists of two; version key.
        assert_eq!(tail(&signed, 22), "07005900080300010008ffff02000500000000000000");
        assert_eq!((signed.nonce, signed.signed_at, signed.valid_until), (7, 1_000, 1_063));
    }

    #[test]
    fn a_timelocked_commit_is_encoded_as_the_chain_expects() {
        let signed = sign(&commit_timelocked(89, &[0xaa, 0xbb], 5, 4)).expect("a signature");
        // Pallet 7, call 113; netuid; two bytes; round; version.
        assert_eq!(tail(&signed, 17), "0771590008aabb05000000000000000400");
    }

    #[test]
    fn set_commitment_is_encoded_as_the_chain_expects() {
        let call = set_commitment(89, "ab:1").expect("a short text");
        let signed = sign(&call).expect("a signature");
        // Pallet 18, call 0; netuid; one field; Raw4 has index 5; the bytes.
        assert_eq!(tail(&signed, 10), "12005900040561623a31");
    }

    #[test]
    fn what_a_runtime_cannot_take_is_said_with_its_version() {
        let unknown = Call { pallet: MODULE, name: "no_such_call", arguments: vec![] };
        let incomplete = Call { pallet: MODULE, name: "set_weights", arguments: vec![("netuid", Value::u128(89))] };
        for call in [unknown, incomplete] {
            let refused = sign(&call);
            assert!(matches!(refused, Err(ChainError::CannotBuild { spec_version: 365, .. })), "{refused:?}");
        }
    }
}
