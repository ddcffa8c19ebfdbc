//! What GitHub's API says about a gist beside its content: whose it is, whether it is public, which files it has.
//!
//! It costs one request of the 60 an hour that GitHub grants without a token. Not knowing is no fault of the gist.

use super::Check;
use serde::Deserialize;
use std::collections::BTreeMap;
use tensorflix_actors::github::GitHub;
use tensorflix_actors::ports::{Credential, HttpRequest};
use tensorflix_domain::commitment::GistPointer;

/// The answer carries the content, escaped, and the gist's history.
const MAX_ANSWER_BYTES: usize = 8 << 20;

/// The fields of GitHub's answer that are read.
#[derive(Deserialize)]
pub(super) struct GistFacts {
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    public: Option<bool>,
    #[serde(default)]
    files: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Owner {
    login: String,
}

impl GistFacts {
    /// Asks, and says what is to be said about the gist.
    pub(super) async fn ask(github: &GitHub, pointer: &GistPointer) -> Vec<Check> {
        match Self::read(github, pointer).await {
            Ok(facts) => facts.checks(pointer),
            Err(why) => {
                let detail = format!("whose the gist is, whether it is public, how many files it has: {why}");
                vec![Check::not_checked("gist", detail)]
            }
        }
    }

    async fn read(github: &GitHub, pointer: &GistPointer) -> Result<Self, String> {
        let mut url = github.api_url.clone();
        url.path_segments_mut()
            .map_err(|()| "github.api_url cannot have a path".to_owned())?
            .pop_if_empty()
            .extend(["gists", pointer.gist_id()]);
        let mut request = HttpRequest::get(url, github.deadline, MAX_ANSWER_BYTES);
        request.credential = github.token.clone().map(Credential::Bearer);
        let response = github.outbound.send(request).await.map_err(|error| error.to_string())?;
        match response.status {
            200 => serde_json::from_slice(&response.body).map_err(|_| "GitHub's answer is not a gist".to_owned()),
            403 | 429 => Err("GitHub's rate limit is reached; a GITHUB_TOKEN raises it".to_owned()),
            status => Err(format!("GitHub's API answered {status}")),
        }
    }

    fn checks(&self, pointer: &GistPointer) -> Vec<Check> {
        let mut checks = Vec::new();
        match &self.owner {
            Some(Owner { login }) if login.eq_ignore_ascii_case(pointer.username()) => {}
            Some(Owner { login }) => {
                let detail = format!("it belongs to {login} and not to {}: name its owner", pointer.username());
                checks.push(Check::wrong("gist", detail));
            }
            None => checks.push(Check::wrong("gist", "it belongs to nobody: make one of your own account")),
        }
        match self.public {
            Some(true) => {}
            Some(false) => {
                let detail = "it is secret, and only public ones count: make a public one and commit that";
                checks.push(Check::wrong("gist", detail));
            }
            None => checks.push(Check::not_checked("gist", "whether it is public: GitHub does not say")),
        }
        if let (Some(first), true) = (self.files.keys().next(), self.files.len() > 1) {
            let detail = format!("it has {} files; only the first by name is read: {first}", self.files.len());
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
    use crate::checking::CheckResult;

    #[test]
    fn what_a_validator_would_stumble_over_is_said() {
        let pointer: GistPointer = "alice:0123456789abcdef".parse().expect("a pointer");
        for (answer, results, piece) in [
            (r#"{"owner": {"login": "Alice"}, "public": true, "files": {"a": {}}}"#, vec![CheckResult::Good], "public"),
            (r#"{"owner": {"login": "mallory"}, "public": true}"#, vec![CheckResult::Wrong], "mallory"),
            (r#"{"owner": null, "public": true}"#, vec![CheckResult::Wrong], "nobody"),
            (r#"{"owner": {"login": "alice"}, "public": false}"#, vec![CheckResult::Wrong], "secret"),
            (r#"{"owner": {"login": "alice"}}"#, vec![CheckResult::NotChecked], "public"),
            (
                r#"{"owner": {"login": "alice"}, "public": true, "files": {"b": null, "a": {}}}"#,
                vec![CheckResult::Warning],
                "read: a",
            ),
        ] {
            let facts: GistFacts = serde_json::from_str(answer).expect("an answer");
            let checks = facts.checks(&pointer);
            assert_eq!(checks.iter().map(|check| check.result).collect::<Vec<_>>(), results, "{answer}");
            assert!(checks.iter().any(|check| check.detail.contains(piece)), "{checks:?}");
        }
    }
}
