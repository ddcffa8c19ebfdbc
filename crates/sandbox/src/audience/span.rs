//! The time that is simulated, in steps.

/// The step of the simulation, in hours.
pub(super) const STEP_HOURS: f64 = 0.5;

/// The life that is simulated: from publication to the last look.
pub(super) struct Span {
    /// Age in hours at the first look.
    pub first_look: f64,
    /// How many steps it has.
    pub steps: usize,
}

impl Span {
    /// The age in hours at the beginning of each step.
    pub(super) fn ages(&self) -> impl Iterator<Item = f64> + use<> {
        (0..self.steps).map(|step| step as f64 * STEP_HOURS)
    }
}
