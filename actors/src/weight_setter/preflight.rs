//! The chain's own conditions for setting weights, checked before anything is signed.
//!
//! They follow the checks of the pallet `SubtensorModule`, in its order; what can be known from the subnet at one block
//! is known here, and the rest is asked of the node (`Chain::validate`).

use tensorflix_domain::ids::{Block, Hotkey};
use tensorflix_domain::subnet::{Hyperparameters, Neuron, Subnet};
use tensorflix_domain::weights::WeightEntry;

/// Why weights cannot be set now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Temporary: the chain's rate limit ends at this block.
    TooEarly {
        /// The first block at which weights are taken again.
        next: Block,
    },
    /// Operator action is required; the text says what to do.
    Operator(String),
}

/// The first obstacle, if there is one.
pub(crate) fn obstacle(
    subnet: &Subnet,
    hotkey: &Hotkey,
    version_key: u64,
    entries: &[WeightEntry],
) -> Option<Obstacle> {
    let operator = |text: String| Some(Obstacle::Operator(text));
    let netuid = subnet.netuid;
    let Some(neuron) = subnet.neuron(hotkey) else {
        return operator(format!("hotkey {hotkey} is not registered on subnet {netuid}: register it"));
    };
    let rules = &subnet.hyperparameters;
    if neuron.stake_rao < rules.stake_threshold_rao {
        return operator(format!(
            "hotkey {hotkey} has {} of stake, and setting weights needs {}: add stake",
            tao(neuron.stake_rao),
            tao(rules.stake_threshold_rao)
        ));
    }
    if !neuron.validator_permit && !may_do_without_permit(subnet, neuron, entries) {
        return operator(format!("hotkey {hotkey} has no validator permit on subnet {netuid}: it needs more stake"));
    }
    if rules.weights_version_key > 0 && version_key < rules.weights_version_key {
        return operator(format!(
            "the chain requires version key {}, but weights.version_key is {version_key}: upgrade this program, then set it",
            rules.weights_version_key
        ));
    }
    too_early(subnet, neuron, rules)
}

fn too_early(subnet: &Subnet, neuron: &Neuron, rules: &Hyperparameters) -> Option<Obstacle> {
    let next = neuron.last_update.saturating_add(rules.weights_rate_limit);
    (neuron.last_update > 0 && subnet.at.block < next).then_some(Obstacle::TooEarly { next })
}

/// The chain lets the owner's hotkey set weights without a permit, and anybody a single weight on itself.
fn may_do_without_permit(subnet: &Subnet, neuron: &Neuron, entries: &[WeightEntry]) -> bool {
    subnet.owner_hotkey == Some(neuron.hotkey) || matches!(entries, [(uid, _)] if *uid == neuron.uid)
}

/// An amount in TAO, for people.
fn tao(rao: u64) -> String {
    const RAO_IN_TAO: u64 = 1_000_000_000;
    format!("{}.{:03} TAO", rao / RAO_IN_TAO, rao % RAO_IN_TAO / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_testkit::subnets;

    const OWN: Hotkey = Hotkey::new([1; 32]);

    fn subnet() -> Subnet {
        let own = Neuron { stake_rao: 1_000, validator_permit: true, last_update: 9_900, ..subnets::neuron(3, 1) };
        subnets::subnet(10_000, [own])
    }

    /// Changes a subnet without obstacles, and checks the words of the obstacle.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Subnet), entries: &[WeightEntry], expected: Option<&str>) {
        let mut subnet = subnet();
        change(&mut subnet);
        let found = match obstacle(&subnet, &OWN, 7, entries) {
            Some(Obstacle::Operator(text)) => Some(text),
            Some(Obstacle::TooEarly { next }) => Some(format!("too early, until {next}")),
            None => None,
        };
        match (found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => assert!(found.contains(expected), "{found:?} lacks {expected:?}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn each_condition_of_the_chain_is_said_before_anything_is_signed() {
        let others = [(4, 65_535)];
        check(|_| (), &others, None);
        check(|subnet| subnet.neurons.clear(), &others, Some("not registered on subnet 89"));
        check(|subnet| subnet.neurons[0].stake_rao = 999, &others, Some("add stake"));
        check(|subnet| subnet.neurons[0].validator_permit = false, &others, Some("no validator permit"));
        check(|subnet| subnet.hyperparameters.weights_version_key = 8, &others, Some("weights.version_key is 7"));
        check(|subnet| subnet.hyperparameters.weights_version_key = 7, &others, None);
        check(|subnet| subnet.hyperparameters.commit_reveal = true, &others, None);
        check(|subnet| subnet.neurons[0].last_update = 9_901, &others, Some("too early, until 10001"));
        check(|subnet| subnet.neurons[0].last_update = 0, &others, None);
    }

    #[test]
    fn the_owner_and_a_weight_on_oneself_need_no_permit() {
        let without_permit = |subnet: &mut Subnet| subnet.neurons[0].validator_permit = false;
        check(without_permit, &[(3, 65_535)], None);
        check(without_permit, &[(3, 65_535), (4, 1)], Some("no validator permit"));
        check(
            |subnet| {
                without_permit(subnet);
                subnet.owner_hotkey = Some(OWN);
            },
            &[(4, 65_535)],
            None,
        );
    }
}
