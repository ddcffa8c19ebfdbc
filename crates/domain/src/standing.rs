//! A validator's standing on chain: how far its weights are from the consensus.
//!
//! The chain (Yuma consensus) divides each validator's weights by their sum, takes for every neuron the stake-weighted
//! median of them as its consensus, and clips what exceeds it. [`Subnet`] carries the consensus as the last epoch left
//! it, in parts of 65535.

use crate::ids::Block;
use crate::subnet::{Neuron, Subnet};
use crate::weights::WeightEntry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A validator's standing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Cosine of the angle between our weights and the consensus, 0 to 1; `None` while there is no consensus.
    pub cosine: Option<f64>,
    /// Share of our weights above the consensus, which the chain would clip, 0 to 1.
    pub clipped_share: Option<f64>,
    /// Share of our weights that the last epoch accepted, 0 to 1.
    pub validator_trust: f64,
    /// Our share of the validators' reward in the last epoch, 0 to 1.
    pub dividends: f64,
    /// Blocks until the chain counts us as inactive; 0 if it does already.
    pub blocks_until_inactive: Block,
}

/// The standing of `neuron` with these weights in a subnet.
pub fn standing(entries: &[WeightEntry], neuron: &Neuron, subnet: &Subnet) -> Standing {
    let share = |part: u16| f64::from(part) / f64::from(u16::MAX);
    let total: f64 = entries.iter().map(|(_, weight)| f64::from(*weight)).sum();
    let consensus: BTreeMap<u16, f64> =
        subnet.neurons.iter().map(|neuron| (neuron.uid, share(neuron.consensus))).collect();
    let is_comparable = total > 0.0 && consensus.values().any(|part| *part > 0.0);
    let (mut product, mut own_square, mut clipped) = (0.0, 0.0, 0.0);
    for (uid, weight) in entries {
        let (own, agreed) = (f64::from(*weight) / total, consensus.get(uid).copied().unwrap_or(0.0));
        product += own * agreed;
        own_square += own * own;
        clipped += (own - agreed).max(0.0);
    }
    let agreed_square: f64 = consensus.values().map(|part| part * part).sum();
    let last_active = neuron.last_update.saturating_add(subnet.hyperparameters.activity_cutoff);
    Standing {
        cosine: is_comparable.then(|| product / (own_square.sqrt() * agreed_square.sqrt())),
        clipped_share: is_comparable.then_some(clipped),
        validator_trust: share(neuron.validator_trust),
        dividends: share(neuron.dividends),
        blocks_until_inactive: last_active.saturating_sub(subnet.at.block),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::{BlockStamp, Moment};
    use crate::ids::Hotkey;
    use crate::subnet::Hyperparameters;

    fn subnet(consensus: &[u16]) -> Subnet {
        let neuron = |(uid, consensus): (u16, &u16)| Neuron {
            uid,
            hotkey: Hotkey::new([1; 32]),
            coldkey: None,
            stake_rao: 0,
            validator_permit: true,
            active: true,
            last_update: 1_000,
            registered_at: 0,
            consensus: *consensus,
            validator_trust: 65_535,
            dividends: 0,
            commitment: None,
        };
        Subnet {
            at: BlockStamp { block: 2_000, time: Moment::from_unix_ms(0) },
            block_hash: None,
            netuid: 89,
            neurons: (0..).zip(consensus).map(neuron).collect(),
            hyperparameters: Hyperparameters {
                tempo: 360,
                weights_rate_limit: 100,
                min_allowed_weights: 1,
                weights_version_key: 0,
                stake_threshold_rao: 0,
                activity_cutoff: 5_000,
                commit_reveal: false,
            },
            owner_hotkey: None,
        }
    }

    #[track_caller]
    fn check(consensus: &[u16], entries: &[WeightEntry], cosine: Option<f64>, clipped: Option<f64>) {
        let subnet = subnet(consensus);
        let found = standing(entries, &subnet.neurons[0], &subnet);
        for (found, expected) in [(found.cosine, cosine), (found.clipped_share, clipped)] {
            match (found, expected) {
                (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-4, "{found} {expected}"),
                (found, expected) => assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn agreement_and_clipping_are_measured_against_the_consensus() {
        let half = 32_768;
        check(&[0, half, half], &[(1, 65_535), (2, 65_535)], Some(1.0), Some(0.0));
        check(&[0, half, half], &[(1, 65_535)], Some(std::f64::consts::FRAC_1_SQRT_2), Some(0.5));
        check(&[half, half, 0], &[(2, 65_535)], Some(0.0), Some(1.0));
        check(&[0, 0, 0], &[(1, 65_535)], None, None);
        check(&[0, half, half], &[(1, 0)], None, None);
    }

    #[test]
    fn inactivity_is_counted_from_the_last_update() {
        let mut subnet = subnet(&[1]);
        let blocks = |subnet: &Subnet| standing(&[(0, 1)], &subnet.neurons[0], subnet).blocks_until_inactive;
        assert_eq!(blocks(&subnet), 4_000);
        subnet.at.block = 6_001;
        assert_eq!(blocks(&subnet), 0);
    }
}
