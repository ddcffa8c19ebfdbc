//! Draws of real numbers over the world's integer draws. Only `libm` beside + − × ÷, so that every machine draws the same.

use crate::world::Draw;

/// A number in [0, 1).
pub(super) fn unit(draw: &mut Draw) -> f64 {
    const STEPS: f64 = (1u64 << 53) as f64;
    (draw.bits() >> 11) as f64 / STEPS
}

/// A number in [low, high).
pub(super) fn between(draw: &mut Draw, low: f64, high: f64) -> f64 {
    low + (high - low) * unit(draw)
}

/// A standard normal number (Box and Muller 1958).
pub(super) fn normal(draw: &mut Draw) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(draw)));
    radius * libm::cos(std::f64::consts::TAU * unit(draw))
}

/// A log-normal number, by its median and the standard deviation of its logarithm.
pub(super) fn log_normal(draw: &mut Draw, median: f64, deviation: f64) -> f64 {
    median * libm::exp(deviation * normal(draw))
}

/// A Poisson count: exact for small means, a rounded normal number for larger ones.
pub(super) fn poisson(draw: &mut Draw, mean: f64) -> f64 {
    const SMALL: f64 = 30.0;
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > SMALL {
        return libm::round(mean + libm::sqrt(mean) * normal(draw)).max(0.0);
    }
    let (limit, mut product, mut count) = (libm::exp(-mean), unit(draw), 0.0);
    while product > limit {
        product *= unit(draw);
        count += 1.0;
    }
    count
}
