//! From scores to the vector that is sent to the chain.

use crate::ids::{Hotkey, Uid};
use crate::subnet::Subnet;
use std::collections::BTreeMap;

/// One entry of a weight vector: the UID, and its weight out of 65535.
pub type WeightEntry = (Uid, u16);

/// Scores by hotkey, none negative or NaN, as a cycle decided them.
pub type ScoreVector = BTreeMap<Hotkey, f64>;

/// The chain's form of a score: `floor(score / highest × 65535 + 0.5)`.
fn weight(score: f64, highest: f64) -> u16 {
    let scaled = (score / highest * f64::from(u16::MAX) + 0.5).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of u16")]
    let weight = scaled.clamp(0.0, f64::from(u16::MAX)) as u16;
    weight
}

/// Maps hotkeys to their UIDs in `subnet` and scores to u16, the highest to 65535. Zeros and hotkeys that are not
/// registered at that block are dropped. If fewer entries remain than the chain demands, zero-valued ones are added
/// in ascending order of UID. Sorted by UID; empty if no score is above zero.
pub fn weight_vector(scores: &ScoreVector, subnet: &Subnet) -> Vec<WeightEntry> {
    let uids: BTreeMap<Hotkey, Uid> = subnet.neurons.iter().map(|neuron| (neuron.hotkey, neuron.uid)).collect();
    let present: Vec<(Uid, f64)> = scores
        .iter()
        .filter(|(_, score)| score.is_finite() && **score > 0.0)
        .filter_map(|(hotkey, score)| Some((*uids.get(hotkey)?, *score)))
        .collect();
    let highest = present.iter().fold(0.0_f64, |highest, (_, score)| highest.max(*score));
    if highest == 0.0 {
        return Vec::new();
    }
    let mut entries: BTreeMap<Uid, u16> = present
        .into_iter()
        .map(|(uid, score)| (uid, weight(score, highest)))
        .filter(|(_, weight)| *weight > 0)
        .collect();
    pad(&mut entries, subnet);
    entries.into_iter().collect()
}

/// Adds zero-valued UIDs, lowest first, until the chain's minimum (at most all neurons) is reached.
fn pad(entries: &mut BTreeMap<Uid, u16>, subnet: &Subnet) {
    let minimum = usize::from(subnet.hyperparameters.min_allowed_weights).min(subnet.neurons.len());
    for neuron in &subnet.neurons {
        if entries.len() >= minimum {
            return;
        }
        entries.entry(neuron.uid).or_insert(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_time::{BlockStamp, Moment};
    use crate::subnet::{Hyperparameters, Neuron};

    fn subnet(count: u8, min_allowed_weights: u16) -> Subnet {
        let neuron = |key: u8| Neuron {
            uid: Uid::from(key),
            hotkey: Hotkey::new([key; 32]),
            coldkey: None,
            stake_rao: 0,
            validator_permit: false,
            active: false,
            last_update: 0,
            registered_at: 0,
            consensus: 0,
            validator_trust: 0,
            dividends: 0,
            commitment: None,
        };
        Subnet {
            at: BlockStamp { block: 1, time: Moment::from_unix_ms(0) },
            block_hash: None,
            netuid: 89,
            neurons: (0..count).map(neuron).collect(),
            hyperparameters: Hyperparameters {
                tempo: 360,
                weights_rate_limit: 100,
                min_allowed_weights,
                weights_version_key: 0,
                stake_threshold_rao: 0,
                activity_cutoff: 5_000,
                commit_reveal: false,
            },
            owner_hotkey: None,
        }
    }

    #[track_caller]
    fn check(scores: &[(u8, f64)], neurons: u8, minimum: u16, expected: &[WeightEntry]) {
        let scores = scores.iter().map(|(key, score)| (Hotkey::new([*key; 32]), *score)).collect();
        assert_eq!(weight_vector(&scores, &subnet(neurons, minimum)), expected);
    }

    #[test]
    fn the_highest_score_becomes_65535_and_ratios_stay() {
        check(&[(1, 2.0), (2, 1.0), (3, 0.5)], 5, 1, &[(1, 65_535), (2, 32_768), (3, 16_384)]);
        // Pitfall: clipping to 1 before normalising made all miners equal.
        check(&[(1, 300.0), (2, 3.0)], 5, 1, &[(1, 65_535), (2, 655)]);
        check(&[(4, 1e-300)], 5, 1, &[(4, 65_535)]);
    }

    #[test]
    fn zeros_strangers_and_what_rounds_to_zero_are_dropped() {
        check(&[(1, 1.0), (2, 0.0), (9, 5.0), (3, 1e-9)], 5, 1, &[(1, 65_535)]);
        check(&[(2, 0.0)], 5, 3, &[]);
        check(&[], 5, 3, &[]);
    }

    #[test]
    fn a_vector_that_is_too_short_is_padded_with_zeros_from_the_lowest_uid() {
        check(&[(1, 1.0), (3, 1.0)], 5, 4, &[(0, 0), (1, 65_535), (2, 0), (3, 65_535)]);
        check(&[(1, 1.0)], 3, 1_024, &[(0, 0), (1, 65_535), (2, 0)]);
    }

    #[test]
    fn scores_that_are_no_numbers_weigh_nothing() {
        check(&[(1, f64::NAN), (2, f64::INFINITY), (3, -1.0), (4, 1.0)], 5, 1, &[(4, 65_535)]);
    }
}
