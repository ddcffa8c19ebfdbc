//! Deciding a recorded cycle again, by the rules that it was decided by.
//!
//! A change that raises [`crate::rules::CURRENT`] moves the old code to a module of its version below this one, and
//! adds a line to [`decide_again`]. A running validator decides by [`crate::decision::decide`], which is always the
//! newest version.

use crate::decision::{Decision, decide};
use crate::evidence::Evidence;
use crate::policy::Policy;
use crate::rules::{UnknownRules, check_version};

/// Judges and scores by the version of the rules that the policy names.
///
/// # Errors
/// If that version is not known.
pub fn decide_again(evidence: &Evidence, policy: &Policy) -> Result<Decision, UnknownRules> {
    check_version(policy.rules)?;
    // Version 2 adds recovery and the cap on untagged items. Both are settings, and a policy of version 1, which names neither, is
    // read with both off: the same code decides both versions. A change that no setting turns off adds
    // `match policy.rules { 1 | 2 => v2::decide(..), _ => decide(..) }`.
    Ok(decide(evidence, policy))
}
