//! Where secrets come from: the environment or files that settings name, and nowhere else.
//!
//! A secret is in no section of [`Config`], in no `Debug` output and in no error. The value of a `*_file` setting is not shown
//! either, since an operator may have put the secret itself there. Secrets are wiped from memory when no longer needed.

use secrecy::SecretString;
use secrecy::zeroize::{Zeroize, Zeroizing};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tensorflix_actors::platforms::KEY_FILE;

use super::problem::{Origin, Problem};
use super::schema;
use super::secrets::Secrets;
use super::sections::Config;

/// Longest secret that is read, bytes.
const LONGEST_SECRET: u64 = 4096;

/// Quotation marks around values in environment files. No key begins or ends with one.
const QUOTATION_MARKS: [char; 3] = ['"', '\'', '`'];

/// Names under which people write secrets into a configuration.
const WRITTEN_AS: [&str; 11] = [
    "api_key",
    "apikey",
    "key",
    "token",
    "api_token",
    "secret",
    "api_secret",
    "client_secret",
    "api_user",
    "password",
    "bearer",
];

/// Reads the secrets into `config`, and adds what is wrong with them to `problems`.
pub(super) fn read(config: &mut Config, variables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) {
    let mut reading = SecretReading { variables, problems, warnings: &mut config.warnings };
    let mut platform_keys = BTreeMap::new();
    for settings in config.platforms.iter() {
        let spec = settings.spec;
        let file = settings.key_file();
        let keys = reading.at_most(spec.most_keys, spec.platform.name(), KEY_FILE, file.as_deref());
        platform_keys.insert(spec.platform, keys);
    }
    config.secrets = Secrets {
        platform_keys,
        github_token: reading.one("github", "token_file", config.github.token_file.as_deref()),
        sightengine_api_user: reading.one("sightengine", "api_user_file", config.sightengine.api_user_file.as_deref()),
        sightengine_api_secret: reading.one(
            "sightengine",
            "api_secret_file",
            config.sightengine.api_secret_file.as_deref(),
        ),
        openai_api_key: reading.one("openai", "api_key_file", config.openai.api_key_file.as_deref()),
        webhook_token: reading.one("webhook", "token_file", config.webhook.token_file.as_deref()),
    };
}

struct SecretReading<'a> {
    variables: &'a BTreeMap<String, String>,
    problems: &'a mut Vec<Problem>,
    warnings: &'a mut Vec<String>,
}

impl SecretReading<'_> {
    fn one(&mut self, section: &str, key: &str, file: Option<&Path>) -> Option<SecretString> {
        self.at_most(1, section, key, file).into_iter().next()
    }

    /// Reads the secrets from the variable of a setting, or else from the file that it names.
    fn at_most(&mut self, most: usize, section: &str, key: &str, file: Option<&Path>) -> Vec<SecretString> {
        let Some(variable) = schema::find(section, key).and_then(|setting| setting.terms.secret_variable) else {
            return Vec::new();
        };
        let text = self.variables.get(variable).map(|text| text.trim()).filter(|text| !text.is_empty());
        let secrets = match (text, file) {
            (Some(text), _) => {
                checked(text, most, variable).map_err(|what| (Origin::Variable(variable.to_owned()), what))
            }
            (None, Some(path)) => {
                let name = format!("{section}.{key}");
                from_file(path, &name, most, variable, self.warnings)
                    .map_err(|what| (Origin::File { name, line: None }, what))
            }
            (None, None) => Ok(Vec::new()),
        };
        secrets.unwrap_or_else(|(origin, what)| {
            self.problems.push(Problem { origin, what });
            Vec::new()
        })
    }
}

/// The settings that name the file of a secret, and the variable that may hold it instead.
fn sources() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    schema::settings().filter_map(|(section, setting)| Some((section, setting.key, setting.terms.secret_variable?)))
}

/// Wipes the secrets among the variables that were read. The environment itself keeps them.
pub(super) fn wipe(variables: &mut BTreeMap<String, String>) {
    for (.., variable) in sources() {
        if let Some(text) = variables.get_mut(variable) {
            text.zeroize();
        }
    }
}

/// The error for a secret among the settings.
pub(super) fn misplaced(section: &str, key: &str) -> Option<String> {
    let (_, file_key, variable) = sources().find(|(name, ..)| *name == section)?;
    WRITTEN_AS.contains(&key).then(|| {
        format!(
            "`{section}.{key}` is not a setting, as secrets do not belong in the configuration: put it in the environment \
             variable {variable}, or in a file that only you can read, and set {file_key} to that file"
        )
    })
}

/// Reads at most `most` secrets, separated by commas or line breaks; duplicates count once. A secret must fit into a header or
/// a query.
fn checked(text: &str, most: usize, variable: &str) -> Result<Vec<SecretString>, String> {
    let separators: &[char] = if most > 1 { &[',', '\n', '\r'] } else { &[] };
    let mut secrets: Vec<&str> = Vec::new();
    for secret in text.split(separators).map(str::trim).filter(|secret| !secret.is_empty()) {
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the secret contains blanks or characters that no key has: copy it again".to_owned());
        }
        // Some programs that read such files remove the marks, and others pass them on.
        if secret.starts_with(QUOTATION_MARKS) || secret.ends_with(QUOTATION_MARKS) {
            return Err(
                "the secret is enclosed in quotation marks, which would be sent with it: remove them".to_owned()
            );
        }
        if secret.strip_prefix(variable).is_some_and(|value| value.starts_with('=')) {
            return Err(format!("the secret begins with `{variable}=`: keep only the value"));
        }
        if !secrets.contains(&secret) {
            secrets.push(secret);
        }
    }
    match secrets.len() {
        0 => Err("it contains only separators and no secret: put the key there".to_owned()),
        count if count > most => Err(format!("there are {count} keys, and at most {most} can be used: remove some")),
        _ => Ok(secrets.into_iter().map(SecretString::from).collect()),
    }
}

/// Reads the file given by the setting `name`. Its path is not shown: it may be the secret.
fn from_file(
    path: &Path,
    name: &str,
    most: usize,
    variable: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<SecretString>, String> {
    let failed = |error: std::io::Error| {
        format!(
            "cannot read the file ({error}): create it, or correct the setting, which takes a path and not the secret itself"
        )
    };
    let file = File::open(path).map_err(failed)?;
    if is_readable_by_others(&file) {
        warnings.push(format!("other users of this machine can read the file in {name}: run chmod 600 on it"));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST_SECRET + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_SECRET {
        return Err(format!("the file is longer than any key ({LONGEST_SECRET} bytes): use another file"));
    }
    match text.trim() {
        "" => Err("the file is empty: put the secret in it".to_owned()),
        secret => checked(secret, most, variable).map_err(|what| format!("{what} (in the file)")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variable: &str, text: &str, says: Option<&str>) {
        let read = checked(text, if variable == "YOUTUBE_API_KEY" { 50 } else { 1 }, variable);
        match (read, says) {
            (Ok(_), None) => {}
            (Err(error), Some(says)) => {
                assert!(error.contains(says), "{text:?}: {error}");
                assert!(!error.contains("AIza"), "no secret is in {error}");
            }
            (read, says) => panic!("{text:?} gave {:?}, not {says:?}", read.map(|keys| keys.len())),
        }
    }

    #[test]
    fn a_key_in_quotation_marks_is_refused_and_never_sent_or_changed() {
        for text in ["\"AIza1\"", "'AIza1'", "`AIza1`", "\"AIza1", "AIza1'", "\"AIza1,AIza2\"", "AIza1,\"AIza2\""] {
            check("YOUTUBE_API_KEY", text, Some("quotation marks"));
        }
        for variable in ["APIFY_API_KEY", "GITHUB_TOKEN", "OPENAI_API_KEY", "WEBHOOK_TOKEN"] {
            check(variable, "\"AIza1\"", Some("quotation marks"));
        }
        check("YOUTUBE_API_KEY", "YOUTUBE_API_KEY=AIza1", Some("begins with `YOUTUBE_API_KEY=`"));
        check("YOUTUBE_API_KEY", "\u{201c}AIza1\u{201d}", Some("characters that no key has"));
        check("YOUTUBE_API_KEY", "AIza1\u{200b}", Some("characters that no key has"));
        for good in ["AIza1", "AIza1,AIza2", "AIza-_1=="] {
            check("YOUTUBE_API_KEY", good, None);
        }
        check("WEBHOOK_TOKEN", "a\"b'c", None);
    }
}
