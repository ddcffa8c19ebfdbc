//! Robust statistics: a few extreme values do not move them.

/// The median of the values; between the two middle ones if their number is even. `None` for no values.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some(values[low] / 2.0 + values[high] / 2.0)
}

/// The median of values and their spread around it, as a standard deviation: MAD ÷ 0.6745, which is the standard
/// deviation where values are normal (Iglewicz and Hoaglin 1993). It is computed for each half alone, and the smaller
/// one is used: bought items are all on one side and would widen the spread in their own favour.
pub(super) fn median_and_spread(values: &mut [f64]) -> Option<(f64, f64)> {
    const MAD_OF_NORMAL: f64 = 0.6745;
    let middle = median(values)?;
    let half_spread = |below: bool| {
        let half = values.iter().filter(|value| if below { **value <= middle } else { **value >= middle });
        median(&mut half.map(|value| (value - middle).abs()).collect::<Vec<f64>>())
    };
    Some((middle, half_spread(true)?.min(half_spread(false)?) / MAD_OF_NORMAL))
}

/// The value at which half of all weight is reached, from the smallest on. `None` without weight.
pub(super) fn weighted_median(values: &mut [(f64, f64)]) -> Option<f64> {
    values.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut reached = 0.0;
    values.iter().find_map(|(value, weight)| {
        reached += weight;
        (*weight > 0.0 && reached * 2.0 >= total).then_some(*value)
    })
}

/// From 0 to almost 1: a half at 1, almost 0 far below, without a step. NaN counts as 0.
pub(super) fn soft_step(size: f64) -> f64 {
    if size > 0.0 { 1.0 - 1.0 / (1.0 + size * size) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minority_of_wild_values_moves_no_median() {
        let mut values = [3.0, 1.0, 2.0, 1e300, -1e300];
        assert_eq!(median(&mut values), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&mut [f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(median(&mut []), None);
        assert_eq!(median_and_spread(&mut [1.0, 2.0, 3.0, 4.0, 1e9]), Some((3.0, 1.0 / 0.6745)));
        assert_eq!(median_and_spread(&mut [-9e9, -9e9, 3.0, 4.0, 5.0]), Some((3.0, 1.0 / 0.6745)));
    }

    #[test]
    fn weights_move_the_middle() {
        assert_eq!(weighted_median(&mut [(1.0, 1.0), (2.0, 1.0), (3.0, 5.0)]), Some(3.0));
        assert_eq!(weighted_median(&mut [(1.0, 0.0), (2.0, 1.0)]), Some(2.0));
        assert_eq!(weighted_median(&mut [(1.0, 0.0)]), None);
    }

    #[test]
    fn soft_steps_stay_between_nothing_and_all() {
        for size in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0] {
            assert_eq!(soft_step(size), 0.0);
        }
        assert_eq!(soft_step(1.0), 0.5);
        assert_eq!([soft_step(f64::MAX), soft_step(f64::INFINITY)], [1.0, 1.0]);
    }
}
