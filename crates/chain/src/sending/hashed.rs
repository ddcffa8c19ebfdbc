//! Hashed commits, for runtimes that take commits and have no timelocked ones: `commit_weights` with a digest, and in the
//! epoch that is `RevealPeriodEpochs` later `reveal_weights` with all that was hashed. Nobody else reveals them.
//!
//! The digest is that of Subtensor's `do_reveal_weights`: blake2-256 of the SCALE encoding of `(account, netuid, uids, values,
//! salt, version_key)`.

use crate::errors::ChainError;
use crate::reading::runtime::Runtime;
use crate::reading::storage::Snapshot;
use crate::reading::subnet::MODULE;
use crate::sending::calls::{COMMIT_HASHED, REVEAL_HASHED};
use crate::sending::timelock::{Secret, block, of_subnet, schedule};
use parity_scale_codec::Encode;
use rand_core::{OsRng, RngCore};
use subxt::config::Hasher;
use subxt::config::substrate::BlakeTwo256;
use tensorflix_domain::head::Head;
use tensorflix_domain::intent::{CommitOpening, RevealPlan};
use tensorflix_timelock::reveal_blocks;

/// Whether a runtime takes hashed commits.
pub(crate) fn is_known_to(runtime: &Runtime) -> bool {
    [COMMIT_HASHED, REVEAL_HASHED].iter().all(|call| runtime.has_call(MODULE, call))
}

/// The digest of weights with a new salt, and when and with what they are to be revealed if they are committed in the next
/// block.
///
/// # Errors
/// [`ChainError::CannotTimelock`] (alert): the subnet never has epochs.
pub(crate) fn commit(
    snapshot: &Snapshot,
    netuid: u16,
    secret: &Secret<'_>,
    head: &Head,
) -> Result<([u8; 32], RevealPlan), ChainError> {
    let period: u64 = snapshot.require(&of_subnet("RevealPeriodEpochs", netuid))?;
    let (reveal_at, commit_until) = reveal_blocks(schedule(snapshot, netuid)?, period, head.stamp.block.into())
        .map_err(|error| ChainError::CannotTimelock { netuid, detail: error.to_string() })?;
    let tempo: u64 = snapshot.require(&of_subnet("Tempo", netuid))?;
    let opening = CommitOpening { salt: random_salt(), version_key: secret.version_key };
    let plan = RevealPlan {
        round: 0,
        reveal_at: block(reveal_at),
        commit_until: block(commit_until),
        epoch_blocks: block(tempo.saturating_add(1)),
        opening: Some(opening),
    };
    Ok((digest(netuid, secret, &opening.salt), plan))
}

fn digest(netuid: u16, secret: &Secret<'_>, salt: &[u16]) -> [u8; 32] {
    let (uids, values): (Vec<u16>, Vec<u16>) = secret.weights.iter().copied().unzip();
    let hashed = (secret.hotkey.public_key(), netuid, uids, values, salt, secret.version_key).encode();
    BlakeTwo256.hash(&hashed).0
}

fn random_salt() -> [u16; 8] {
    let mut bytes = [0_u8; 16];
    OsRng.fill_bytes(&mut bytes);
    let mut salt = [0; 8];
    for (number, pair) in salt.iter_mut().zip(bytes.chunks_exact(2)) {
        *number = u16::from_le_bytes([pair[0], pair[1]]);
    }
    salt
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::ids::Hotkey;

    /// The encoding is spelled out here byte by byte.
    #[test]
    fn the_digest_is_of_all_that_is_revealed_in_the_chains_order() {
        let hotkey = Hotkey::new([7; 32]);
        let secret = Secret { hotkey: &hotkey, weights: &[(1, 65_535), (258, 3)], version_key: 5 };
        let mut bytes = vec![7_u8; 32];
        bytes.extend([89, 0]);
        // A list: its length times four, then two bytes a number, the lower one first.
        bytes.extend([8, 1, 0, 2, 1]);
        bytes.extend([8, 255, 255, 3, 0]);
        bytes.extend([4, 9, 0]);
        bytes.extend([5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(digest(89, &secret, &[9]), BlakeTwo256.hash(&bytes).0);
        assert_ne!(digest(89, &secret, &[10]), digest(89, &secret, &[9]));
    }

    #[test]
    fn no_two_salts_are_the_same_and_none_is_shown() {
        let salt = random_salt();
        assert_ne!(random_salt(), salt);
        let shown = format!("{:?}", CommitOpening { salt: [4_711; 8], version_key: 5 });
        assert!(!shown.contains("4711"), "{shown}");
    }
}
