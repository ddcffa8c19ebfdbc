//! The versions of the rules: a cycle's policy names the one that it was decided by (`Policy::rules`).
//!
//! - Cycles of development builds name none: how they were decided is not recorded, so they cannot be decided again.
//! - From version 1 on every released version is kept. A change to the result of any evidence raises [`CURRENT`] and
//!   follows `judge/again.rs`.

/// The version that this release decides by.
pub const CURRENT: u32 = 2;

/// The version of a policy that names none.
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
}
