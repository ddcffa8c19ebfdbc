//! The stake that counts in a subnet, as the chain computes it.
//!
//! Formula, from `get_stake_weights_for_hotkey_on_subnet` in `pallets/subtensor/src/staking/stake_utils.rs`:
//!
//! ```text
//! stake     = inherited(subnet's alpha) + inherited(root's TAO) × TaoWeight / (2^64 − 1)
//! inherited = own − own × Σ given to children + Σ parent's × share given to us      (shares of 2^64 − 1)
//! ```
//!
//! where `own` is `TotalHotkeyAlpha(hotkey, netuid)`, or of netuid 0 for TAO, and children and parents are those of
//! the subnet (`ChildKeys`, `ParentKeys`). This is what the chain compares with `StakeThreshold` and what it gives
//! permits by. The chain rounds in fixed point where we floor integers: the results may differ by a few RAO.
//!
//! Runtimes from before subnets had their own token keep one `TotalHotkeyStake(hotkey)`; there it is taken as it is.

/// One hotkey's part in one pool of stake: the subnet's alpha or the root's TAO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holding {
    /// What is staked to the hotkey itself.
    pub(crate) own: u64,
    /// The shares of it that children get, in units of 1 / (2^64 − 1).
    pub(crate) given_shares: Vec<u64>,
    /// What parents have, each with the share of it that this hotkey gets.
    pub(crate) parents: Vec<(u64, u64)>,
}

impl Holding {
    fn inherited(&self) -> u64 {
        let given = self.given_shares.iter().fold(0, |sum: u64, share| sum.saturating_add(part(self.own, *share)));
        let received = self.parents.iter().fold(0, |sum: u64, (has, share)| sum.saturating_add(part(*has, *share)));
        self.own.saturating_sub(given).saturating_add(received)
    }
}

/// `amount × share / (2^64 − 1)`, rounded down.
fn part(amount: u64, share: u64) -> u64 {
    let product = u128::from(amount) * u128::from(share) / u128::from(u64::MAX);
    // At most `amount`, since a share is at most the unit.
    u64::try_from(product).unwrap_or(amount)
}

/// The stake that counts: alpha plus the weighted TAO, in RAO.
pub(crate) fn stake_rao(alpha: &Holding, tao: &Holding, tao_weight: u64) -> u64 {
    alpha.inherited().saturating_add(part(tao.inherited(), tao_weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u64 = u64::MAX / 2;

    #[test]
    fn stake_follows_the_chains_formula() {
        let alone = |own| Holding { own, ..Holding::default() };
        let cases = [
            ("alpha alone", alone(1_000), Holding::default(), u64::MAX, 1_000),
            ("TAO counts by its weight", alone(1_000), alone(500), u64::MAX, 1_500),
            ("TAO of no weight", alone(1_000), alone(500), 0, 1_000),
            (
                "half given to a child",
                Holding { own: 1_000, given_shares: vec![HALF], parents: vec![] },
                Holding::default(),
                0,
                // Rounded down before it is taken away.
                501,
            ),
            (
                "a whole parent inherited",
                Holding { own: 1, given_shares: vec![], parents: vec![(2_000, u64::MAX), (10, 0)] },
                Holding::default(),
                0,
                2_001,
            ),
            (
                "more given away than there is",
                Holding { own: 10, given_shares: vec![u64::MAX, u64::MAX], parents: vec![] },
                Holding::default(),
                0,
                0,
            ),
            ("nothing overflows", alone(u64::MAX), alone(u64::MAX), u64::MAX, u64::MAX),
        ];
        for (name, alpha, tao, weight, expected) in cases {
            assert_eq!(stake_rao(&alpha, &tao, weight), expected, "{name}");
        }
    }
}
