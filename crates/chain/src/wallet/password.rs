//! Where the password of an encrypted key comes from.
//!
//! In this order, and the first that has one decides: the environment variable that Bittensor's own tools write, a file
//! that a setting names, somebody at a terminal. The variable is `BT_PW_` and the key file's absolute path in upper case
//! with `/` and `.` as `_`; its value is base64 of the password, each byte XORed with the variable's name repeated
//! (bittensor-wallet, `keyfile.rs`: that hides it from a glance, and from nobody else).

use super::error::{PasswordOrigin, WalletError, WalletWarning};
use super::permissions::open_permissions;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest password that is read from a file, bytes.
const LONGEST_PASSWORD: u64 = 4096;

/// What the process can offer when a key turns out to be encrypted.
pub trait Passwords {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<SecretString>;

    /// The file that holds the password, if a setting names one.
    fn file(&self) -> Option<PathBuf>;

    /// Asks the user at the terminal for the password of `key`, without echo; `None` if there is no terminal.
    fn ask(&self, key: &Path) -> Option<io::Result<SecretString>>;
}

/// For keys that are not encrypted: no password from anywhere.
#[derive(Debug, Clone, Copy)]
pub struct NoPasswords;

impl Passwords for NoPasswords {
    fn variable(&self, _: &str) -> Option<SecretString> {
        None
    }

    fn file(&self) -> Option<PathBuf> {
        None
    }

    fn ask(&self, _: &Path) -> Option<io::Result<SecretString>> {
        None
    }
}

/// A password, and where it came from.
pub(super) struct Password {
    pub(super) secret: SecretString,
    pub(super) origin: PasswordOrigin,
    pub(super) warning: Option<WalletWarning>,
}

/// The variable that holds the password of the key in `file`.
pub fn password_variable(file: &Path) -> String {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    format!("BT_PW_{}", path.to_string_lossy().replace(['/', '.'], "_").to_uppercase())
}

/// The password for the key in `file`, from the first source that has one.
pub(super) fn find(file: &Path, passwords: &dyn Passwords) -> Result<Password, WalletError> {
    let unusable = |from, problem: String| WalletError::UnusablePassword { file: file.to_owned(), from, problem };
    let name = password_variable(file);
    if let Some(value) = passwords.variable(&name) {
        let origin = PasswordOrigin::Variable(name.clone());
        let secret = unmasked(&name, &value).map_err(|problem| unusable(origin.clone(), problem.to_owned()))?;
        return Ok(Password { secret, origin, warning: None });
    }
    if let Some(path) = passwords.file() {
        let origin = PasswordOrigin::File;
        let (secret, warning) = from_file(&path).map_err(|problem| unusable(origin.clone(), problem))?;
        return Ok(Password { secret, origin, warning });
    }
    match passwords.ask(file) {
        None => Err(WalletError::NoPassword { file: file.to_owned(), variable: name }),
        Some(Ok(secret)) => Ok(Password { secret, origin: PasswordOrigin::Terminal, warning: None }),
        Some(Err(error)) => Err(unusable(PasswordOrigin::Terminal, error.to_string())),
    }
}

fn unmasked(name: &str, value: &SecretString) -> Result<SecretString, &'static str> {
    let masked = BASE64_STANDARD
        .decode(value.expose_secret().trim())
        .map_err(|_| "its value is not base64: let `btcli` or bittensor-wallet write it")?;
    let bytes: Zeroizing<Vec<u8>> =
        Zeroizing::new(masked.iter().zip(name.bytes().cycle()).map(|(byte, mask)| byte ^ mask).collect());
    let text = std::str::from_utf8(&bytes).map_err(|_| "its value was made for a key at another path")?;
    if text.is_empty() {
        return Err("its value is empty");
    }
    Ok(SecretString::from(text))
}

/// The first line of a file; blanks in it count, the line's end does not.
fn from_file(path: &Path) -> Result<(SecretString, Option<WalletWarning>), String> {
    let failed = |error: io::Error| format!("it cannot be read ({error})");
    let file = File::open(path).map_err(failed)?;
    let warning = file.metadata().ok().and_then(|metadata| match open_permissions(path, &metadata) {
        Some(WalletWarning::OpenPermissions { mode, .. }) => Some(WalletWarning::OpenPasswordFile { mode }),
        other => other,
    });
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST_PASSWORD + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > LONGEST_PASSWORD {
        return Err(format!("it is longer than any password ({LONGEST_PASSWORD} bytes)"));
    }
    match text.lines().next() {
        None | Some("") => Err("its first line is empty: put the password there".to_owned()),
        Some(password) => Ok((SecretString::from(password), warning)),
    }
}
