//! A policy by its profile, in a few words.

use tensorflix_domain::policy::Policy;

/// `profile strict`, and whether single settings override it.
pub(crate) fn profile_words(policy: &Policy) -> String {
    match policy.profile {
        None => "no profile".to_owned(),
        Some(profile) if policy.overrides_profile() => format!("profile {profile} with overrides"),
        Some(profile) => format!("profile {profile}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::profile::Profile;

    #[test]
    fn a_policy_is_called_by_its_profile_and_an_override_is_told() {
        let standard = Policy::default();
        assert_eq!(profile_words(&standard), "profile standard");
        let other = Policy { untagged_share: 0.125, ..standard.clone() };
        assert_eq!(profile_words(&other), "profile standard with overrides");
        let strict = Policy { profile: Some(Profile::Strict), ..standard.clone() };
        assert_eq!(profile_words(&strict), "profile strict with overrides");
        assert_eq!(profile_words(&Policy { profile: None, ..standard }), "no profile");
    }
}
