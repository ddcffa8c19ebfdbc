//! The policy that the settings make.

use super::*;
use tensorflix_domain::policy::Policy;
use tensorflix_domain::verification::CheckMode;

#[test]
fn the_default_policy_is_the_rules_of_the_subnet() {
    let mut policy = Config::default().policy();
    // Which checks are on is the operator's choice; with nobody to ask, only the platform's own signals count.
    assert!(!policy.verification.asks_anybody());
    (policy.verification.ai, policy.verification.illicit) = (CheckMode::Off, CheckMode::Off);
    assert_eq!(policy, Policy::default());
}

#[test]
fn ai_and_illicit_are_enforced_by_default_and_without_a_key_no_detector_is_asked() {
    use CheckMode::{Enforce, Off};
    let config = load("", &[]).expect("the defaults");
    let policy = config.policy().verification;
    assert_eq!((policy.ai, policy.illicit, policy.topic), (Enforce, Enforce, Off));
    assert!(!policy.asks_anybody(), "{:?}", policy.asked);
    let config = load("", &[("OPENAI_API_KEY", KEY)]).expect("a key");
    let policy = config.policy().verification;
    let asked: Vec<_> = policy.checks().filter(|check| !policy.providers(*check).is_empty()).collect();
    assert_eq!(asked, [tensorflix_domain::verification::Check::Illicit], "it answers this check alone");
}
