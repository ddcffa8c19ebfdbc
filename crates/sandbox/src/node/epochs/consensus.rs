//! The epoch: what the validators' weights amount to.
//!
//! A simplified Yuma consensus, enough to compare a vector with `Consensus(netuid)`: validators that lack a permit or
//! were silent for longer than the activity cutoff count for nothing; weights to oneself and weights older than the
//! target's registration are masked; rows are normalised; the consensus of a neuron is the stake-weighted median of
//! its weights, so that what less than the majority (`Kappa`) supports is nothing; weights are clipped to it.
//! Validator trust is the sum of a row's clipped weights, incentive the share of clipped, stake-weighted weights, and
//! dividends follow from both without the real chain's moving bonds. Permits are kept, emission is not computed.

use parity_scale_codec::Encode;

use crate::node::runtime::entries;
use crate::node::state::genesis::AccountId;
use crate::node::state::history::{Overlay, ReadStorage};
use crate::node::state::subnet::ReadSubnet;

/// Runs the epoch of a subnet in the block being built.
pub(crate) fn run(state: &mut Overlay<'_>, netuid: u16) {
    let key = netuid.encode();
    state.put(entries::LAST_MECHANISM_STEP_BLOCK, [&key], &u64::from(state.number));
    let inputs = Inputs::read(state, netuid);
    let outcome = evaluate(&inputs);
    state.put(entries::ACTIVE, [&key], &inputs.active);
    state.put(entries::CONSENSUS, [&key], &proportions(&outcome.consensus));
    state.put(entries::VALIDATOR_TRUST, [&key], &proportions(&outcome.validator_trust));
    state.put(entries::INCENTIVE, [&key], &proportions(&outcome.incentive));
    state.put(entries::DIVIDENDS, [&key], &proportions(&outcome.dividends));
}

/// What an epoch reads, with everything masked and normalised.
struct Inputs {
    active: Vec<bool>,
    /// Share of the active, permitted stake.
    stake: Vec<f64>,
    /// One row per neuron, one column per neuron; each row sums to 1, or is all zero, or is empty without a permit.
    weights: Vec<Vec<f64>>,
    kappa: f64,
}

impl Inputs {
    fn read(state: &Overlay<'_>, netuid: u16) -> Self {
        let key = netuid.encode();
        let count = usize::from(state.neuron_count(netuid));
        let last_update: Vec<u64> = sized(state.value(entries::LAST_UPDATE, [&key]), count);
        let permits: Vec<bool> = sized(state.value(entries::VALIDATOR_PERMIT, [&key]), count);
        let cutoff = state.activity_cutoff(netuid);
        let kappa: u16 = state.value(entries::KAPPA, [&key]);
        let block = u64::from(state.number);
        let active: Vec<bool> = last_update.iter().map(|last| last + cutoff >= block).collect();
        let registered: Vec<u64> =
            (0..count as u16).map(|uid| state.value(entries::BLOCK_AT_REGISTRATION, [&key, &uid.encode()])).collect();
        let mut stake = vec![0.0; count];
        let mut weights = vec![Vec::new(); count];
        for uid in (0..count).filter(|uid| permits[*uid]) {
            let hotkey: Option<AccountId> = state.hotkey_of(netuid, uid as u16);
            let counts = active[uid];
            stake[uid] = hotkey.filter(|_| counts).map_or(0.0, |hotkey| state.stake_weight_rao(netuid, &hotkey) as f64);
            weights[uid] = vec![0.0; count];
            let row: Vec<(u16, u16)> = state.value(entries::WEIGHTS, [&key, &(uid as u16).encode()]);
            for (target, weight) in row {
                let target = usize::from(target);
                if target < count && target != uid && last_update[uid] > registered[target] {
                    weights[uid][target] = f64::from(weight);
                }
            }
            normalise(&mut weights[uid]);
        }
        normalise(&mut stake);
        Self { active, stake, weights, kappa: f64::from(kappa) / f64::from(u16::MAX) }
    }
}

/// What an epoch decides, as proportions.
struct Outcome {
    consensus: Vec<f64>,
    validator_trust: Vec<f64>,
    incentive: Vec<f64>,
    dividends: Vec<f64>,
}

fn evaluate(inputs: &Inputs) -> Outcome {
    let count = inputs.stake.len();
    let consensus: Vec<f64> = (0..count).map(|target| majority_weight(inputs, target)).collect();
    let mut incentive = vec![0.0; count];
    let mut validator_trust = vec![0.0; count];
    let clipped_rows: Vec<Vec<f64>> = inputs
        .weights
        .iter()
        .map(|row| row.iter().zip(&consensus).map(|(weight, limit)| weight.min(*limit)).collect())
        .collect();
    for (uid, row) in clipped_rows.iter().enumerate() {
        validator_trust[uid] = row.iter().sum();
        for (total, weight) in incentive.iter_mut().zip(row) {
            *total += inputs.stake[uid] * weight;
        }
    }
    normalise(&mut incentive);
    let shared_view = |row: &Vec<f64>| row.iter().zip(&incentive).map(|(weight, share)| weight * share).sum::<f64>();
    let mut dividends: Vec<f64> =
        inputs.stake.iter().zip(&clipped_rows).map(|(stake, row)| stake * shared_view(row)).collect();
    normalise(&mut dividends);
    Outcome { consensus, validator_trust, incentive, dividends }
}

/// The largest weight that validators with at least `kappa` of the stake give to `target`.
fn majority_weight(inputs: &Inputs, target: usize) -> f64 {
    let mut support: Vec<(f64, f64)> = inputs
        .stake
        .iter()
        .zip(&inputs.weights)
        .filter(|(stake, _)| **stake > 0.0)
        .map(|(stake, row)| (row[target], *stake))
        .collect();
    support.sort_by(|left, right| right.0.total_cmp(&left.0));
    let mut supporting_stake = 0.0;
    for (weight, stake) in support {
        supporting_stake += stake;
        if supporting_stake >= inputs.kappa {
            return weight;
        }
    }
    0.0
}

fn normalise(values: &mut [f64]) {
    let sum: f64 = values.iter().sum();
    if sum > 0.0 {
        values.iter_mut().for_each(|value| *value /= sum);
    }
}

/// Proportions as the chain stores them: of `u16::MAX`, rounded down.
fn proportions(values: &[f64]) -> Vec<u16> {
    values.iter().map(|value| (value * f64::from(u16::MAX)) as u16).collect()
}

fn sized<T: Default + Clone>(mut list: Vec<T>, length: usize) -> Vec<T> {
    list.resize(length, T::default());
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(stake: &[f64], weights: &[&[f64]]) -> Inputs {
        let mut stake = stake.to_vec();
        normalise(&mut stake);
        let mut weights: Vec<Vec<f64>> = weights.iter().map(|row| row.to_vec()).collect();
        weights.iter_mut().for_each(|row| normalise(row));
        Inputs { active: vec![true; stake.len()], stake, weights, kappa: 32_767.0 / 65_535.0 }
    }

    #[test]
    fn what_less_than_half_of_the_stake_supports_is_clipped_to_nothing() {
        let outcome = evaluate(&inputs(
            &[60.0, 40.0, 0.0, 0.0],
            &[&[0.0, 0.0, 1.0, 0.0], &[0.0, 0.0, 1.0, 1.0], &[0.0; 4], &[0.0; 4]],
        ));
        assert_eq!(proportions(&outcome.consensus), [0, 0, 65_535, 0]);
        assert_eq!(proportions(&outcome.validator_trust), [65_535, 32_767, 0, 0]);
        assert_eq!(proportions(&outcome.incentive), [0, 0, 65_535, 0]);
    }
}
