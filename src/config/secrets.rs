//! API keys and tokens: from the environment or from files that settings name, and nowhere else.
//!
//! A secret is in no [`Config`](super::Config) section, in no `Debug` output and in no error.

use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Config;
use super::problem::{Origin, Problem};

/// Longest secret that is read, bytes.
const LONGEST_SECRET: u64 = 4096;

/// Names under which people write secrets into a configuration.
const WRITTEN_AS: [&str; 6] = ["api_key", "key", "token", "api_token", "secret", "password"];

/// The variable and the setting that a secret may come from, by section.
const SOURCES: [(&str, &str, &str); 3] = [
    ("youtube", "YOUTUBE_API_KEY", "api_key_file"),
    ("instagram", "APIFY_API_KEY", "api_key_file"),
    ("github", "GITHUB_TOKEN", "token_file"),
];

/// The secrets; `None` where none was given.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The key of the YouTube Data API.
    pub youtube_api_key: Option<SecretString>,
    /// The token of Apify.
    pub apify_api_key: Option<SecretString>,
    /// The token of GitHub.
    pub github_token: Option<SecretString>,
}

impl PartialEq for Secrets {
    /// Tells whether a configuration that was read again changes a secret.
    fn eq(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }
}

impl Secrets {
    pub(super) fn exposed(&self) -> [Option<&str>; 3] {
        [&self.youtube_api_key, &self.apify_api_key, &self.github_token]
            .map(|secret| secret.as_ref().map(ExposeSecret::expose_secret))
    }
}

/// Reads the secrets into `config`, and what is wrong with them into `problems`.
pub(super) fn read(config: &mut Config, variables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    let files =
        [config.youtube.api_key_file.clone(), config.instagram.api_key_file.clone(), config.github.token_file.clone()];
    let mut found = [None, None, None];
    for (index, ((section, variable, key), file)) in SOURCES.into_iter().zip(files).enumerate() {
        let text = variables.get(variable).map(|text| text.trim()).filter(|text| !text.is_empty());
        let secret = match (text, file) {
            (Some(text), _) => checked(text).map(Some).map_err(|what| (Origin::Variable(variable.to_owned()), what)),
            (None, Some(path)) => from_file(&path, &mut config.warnings)
                .map(Some)
                .map_err(|what| (Origin::File { name: format!("{section}.{key}"), line: None }, what)),
            (None, None) => Ok(None),
        };
        match secret {
            Ok(secret) => found[index] = secret,
            Err((origin, what)) => problems.push(Problem { origin, what }),
        }
    }
    let [youtube_api_key, apify_api_key, github_token] = found;
    config.secrets = Secrets { youtube_api_key, apify_api_key, github_token };
}

/// What to say when a secret stands where settings stand.
pub(super) fn misplaced(section: &str, key: &str) -> Option<String> {
    let (_, variable, file_key) = SOURCES.into_iter().find(|(name, ..)| *name == section)?;
    WRITTEN_AS.contains(&key).then(|| {
        format!(
            "`{section}.{key}` is refused, as secrets do not belong among settings: put it into the environment \
             variable {variable}, or into a file that only you can read and name that as {file_key}"
        )
    })
}

/// A secret has to fit into a header or a query.
fn checked(text: &str) -> Result<SecretString, String> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(SecretString::from(text))
    } else {
        Err("the secret holds blanks or characters that no key has: copy it again".to_owned())
    }
}

fn from_file(path: &Path, warnings: &mut Vec<String>) -> Result<SecretString, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("the file {shown} cannot be read ({error}): create it or correct it");
    let file = File::open(path).map_err(failed)?;
    if is_readable_by_others(&file) {
        warnings.push(format!("the secret in {shown} can be read by other users of this machine: chmod 600 {shown}"));
    }
    let mut text = String::new();
    file.take(LONGEST_SECRET + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_SECRET {
        return Err(format!("the file {shown} is longer than any key ({LONGEST_SECRET} bytes): name another"));
    }
    match text.trim() {
        "" => Err(format!("the file {shown} is empty: put the secret into it")),
        secret => checked(secret).map_err(|what| format!("{what} (in the file {shown})")),
    }
}

#[cfg(unix)]
fn is_readable_by_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const GROUP_OR_OTHERS_READ: u32 = 0o044;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & GROUP_OR_OTHERS_READ != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &File) -> bool {
    false
}
