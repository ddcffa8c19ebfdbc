//! The versions of the rules, so that a recorded cycle is decided again by the rules that it was decided by.
//!
//! - A cycle's policy names its version ([`Policy::rules`]). Cycles of development builds name none: how they were decided
//!   is nowhere kept, so nothing decides them again.
//! - From version 1 on every released version stays. Whoever changes what any evidence comes to raises [`CURRENT`], moves the
//!   code as it was to a module of its version below this one, and adds a line to [`decide_again`].
//! - A running validator decides by [`crate::decision::decide`], which is always the newest version.

use crate::decision::{Decision, decide};
use crate::evidence::Evidence;
use crate::policy::Policy;

/// The version that this release decides by.
pub const CURRENT: u32 = 1;

/// What a policy holds that names no version.
pub const UNNAMED: u32 = 0;

/// Why a cycle cannot be decided again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownRules {
    /// It names no version.
    #[error(
        "it names no version of the rules, so a development build decided it: `explain` and `export` read it, and nothing \
         can replay it"
    )]
    Unnamed,
    /// A later release decided it.
    #[error(
        "version {0} of the rules decided it, and this release knows the versions up to {CURRENT}: replay it with the \
         release that wrote it, or a later one"
    )]
    Later(u32),
}

/// Whether the rules of a version are known.
///
/// # Errors
/// Why they are not.
pub const fn check_version(version: u32) -> Result<(), UnknownRules> {
    match version {
        UNNAMED => Err(UnknownRules::Unnamed),
        1..=CURRENT => Ok(()),
        later => Err(UnknownRules::Later(later)),
    }
}

/// Judges and scores by the version of the rules that the policy names.
///
/// # Errors
/// If that version is not known.
pub fn decide_again(evidence: &Evidence, policy: &Policy) -> Result<Decision, UnknownRules> {
    check_version(policy.rules)?;
    // One version is released so far. The next one adds `match policy.rules { 1 => v1::decide(..), _ => decide(..) }`.
    Ok(decide(evidence, policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_from_the_first_to_the_present_one_is_known_and_no_other() {
        assert_eq!(check_version(UNNAMED), Err(UnknownRules::Unnamed));
        for version in 1..=CURRENT {
            assert_eq!(check_version(version), Ok(()));
        }
        for later in [CURRENT + 1, u32::MAX] {
            assert_eq!(check_version(later), Err(UnknownRules::Later(later)));
        }
    }

    #[test]
    fn a_policy_names_the_present_version_and_one_that_names_none_is_a_development_builds() {
        assert_eq!(Policy::default().rules, CURRENT);
        let mut json = serde_json::to_value(Policy::default()).expect("JSON");
        assert_eq!(json["rules"], CURRENT);
        json.as_object_mut().expect("an object").remove("rules");
        let unnamed: Policy = serde_json::from_value(json.clone()).expect("a policy");
        assert_eq!(unnamed.rules, UNNAMED);
        assert_eq!(serde_json::to_value(unnamed).expect("JSON"), json, "its bytes, and so its digest, stay");
    }
}
