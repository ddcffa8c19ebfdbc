//! What GitHub's API says about a gist apart from its content: its owner, whether it is public, which files it has.
//!
//! It costs one request of the 60 per hour that GitHub allows without a token. A failed request is not a fault of the gist.

use super::checks::Check;
use tensorflix_actors::gist_fetcher::github::{Failure, GistDescription, GitHub};
use tensorflix_domain::commitment::GistPointer;

/// What GitHub reports about a gist.
pub(crate) struct GistFacts(GistDescription);

impl GistFacts {
    /// Asks GitHub and returns the checks of the gist.
    pub(crate) async fn ask(github: &GitHub, pointer: &GistPointer) -> Vec<Check> {
        match github.describe(pointer).await {
            Ok(description) => Self(description).checks(pointer),
            Err(Failure::Item(failure)) => vec![Check::wrong("gist", failure.to_string())],
            Err(failure) => {
                let detail = format!("could not ask GitHub about the gist's owner, visibility and files: {failure}");
                vec![Check::not_checked("gist", detail)]
            }
        }
    }

    fn checks(&self, pointer: &GistPointer) -> Vec<Check> {
        let mut checks = Vec::new();
        let Self(GistDescription { login, public, files }) = self;
        match login {
            Some(login) if login.eq_ignore_ascii_case(pointer.username()) => {}
            Some(login) => {
                let detail = format!("it belongs to {login}, not to {}: use its owner's login", pointer.username());
                checks.push(Check::wrong("gist", detail));
            }
            None => checks.push(Check::wrong("gist", "it belongs to nobody: create one with your own account")),
        }
        match public {
            Some(true) => {}
            Some(false) => {
                let detail = "it is secret, but only public gists count: create a public one and commit that";
                checks.push(Check::wrong("gist", detail));
            }
            None => checks.push(Check::not_checked("gist", "GitHub did not say whether it is public")),
        }
        if let (Some(first), true) = (files.first(), files.len() > 1) {
            let detail = format!("it has {} files; only the first by name is read: {first}", files.len());
            checks.push(Check::warning("gist", detail));
        }
        if checks.is_empty() {
            checks.push(Check::good("gist", format!("public, one file, belongs to {}", pointer.username())));
        }
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::check::checks::CheckResult;

    #[test]
    fn what_a_validator_would_stumble_over_is_said() {
        let pointer: GistPointer = "alice:0123456789abcdef".parse().expect("a pointer");
        for (login, public, files, results, piece) in [
            (Some("Alice"), Some(true), vec!["a"], vec![CheckResult::Good], "public"),
            (Some("mallory"), Some(true), vec![], vec![CheckResult::Wrong], "mallory"),
            (None, Some(true), vec![], vec![CheckResult::Wrong], "nobody"),
            (Some("alice"), Some(false), vec![], vec![CheckResult::Wrong], "secret"),
            (Some("alice"), None, vec![], vec![CheckResult::NotChecked], "public"),
            (Some("alice"), Some(true), vec!["a", "b"], vec![CheckResult::Warning], "read: a"),
        ] {
            let files = files.into_iter().map(str::to_owned).collect();
            let facts = GistFacts(GistDescription { login: login.map(str::to_owned), public, files });
            let checks = facts.checks(&pointer);
            assert_eq!(checks.iter().map(|check| check.result).collect::<Vec<_>>(), results, "{login:?} {public:?}");
            assert!(checks.iter().any(|check| check.detail.contains(piece)), "{checks:?}");
        }
    }
}
