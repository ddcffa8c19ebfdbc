//! Bittensor wallets on disk: the key that signs.
//!
//! A wallet is a directory, `<path>/<name>/hotkeys/<hotkey>`, and a hotkey a JSON file with `privateKey` (0x, 64 bytes
//! in the expanded form of schnorrkel), or at least `secretSeed` or `secretPhrase`; unknown fields are ignored. The key
//! that is built must have the public key that the file names. A coldkey's file, `<path>/<name>/coldkey`, has the same
//! form; nothing in a validator needs one.
//!
//! Invariants: no secret is in any error, warning or `Debug`; file contents, passwords and what is derived from them are
//! wiped from memory after use. Nothing is written.

mod encryption;
mod error;
mod key_file;
mod password;
mod permissions;

pub use error::{PasswordOrigin, WalletError, WalletWarning};
pub use password::{NoPasswords, Passwords, password_variable};

use encryption::{Encryption, Shut};
use key_file::{KeyFile, SigningKey};
use permissions::open_permissions;
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;
use std::fmt;
use std::path::{Path, PathBuf};
use subxt::config::{Config, SubstrateConfig};
use subxt::tx::Signer;
use subxt::utils::{AccountId32, MultiSignature};
use tensorflix_domain::ids::Hotkey;

/// Largest key file that is read; real ones are below 1 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// How often the user at a terminal may mistype.
const ATTEMPTS: u32 = 3;

/// A hotkey that can sign.
pub struct HotkeyWallet {
    hotkey: Hotkey,
    key: SigningKey,
    warnings: Vec<WalletWarning>,
}

impl HotkeyWallet {
    /// Opens hotkey `hotkey` of wallet `name` under the wallets' directory `path`; a leading `~` is the home.
    ///
    /// # Errors
    /// See [`WalletError`]; every one stops.
    pub fn open(path: &str, name: &str, hotkey: &str, passwords: &dyn Passwords) -> Result<Self, WalletError> {
        for part in [name, hotkey] {
            if part.is_empty() || part == "." || part == ".." || part.contains(['/', '\\', '\0']) {
                return Err(WalletError::InvalidName(part.to_owned()));
            }
        }
        Self::open_file(&expand_home(path, std::env::home_dir()).join(name).join("hotkeys").join(hotkey), passwords)
    }

    /// Opens one key file, with a password from the first source that has one if it is encrypted: that takes some
    /// seconds, and 512 MiB of memory while it lasts. A password that was typed may be typed again, twice.
    ///
    /// # Errors
    /// See [`WalletError`]; every one stops.
    pub fn open_file(file: &Path, passwords: &dyn Passwords) -> Result<Self, WalletError> {
        let unreadable = |source| WalletError::Unreadable { file: file.to_owned(), source };
        let metadata = std::fs::metadata(file).map_err(unreadable)?;
        if metadata.len() > MAX_FILE_BYTES {
            return Err(WalletError::NotAKey { file: file.to_owned(), problem: "it is too large" });
        }
        let content = std::fs::read(file).map_err(unreadable)?;
        let (content, mut warnings) = match Encryption::of(&content) {
            None => (content, Vec::new()),
            Some(Encryption::Nacl) => decrypted(file, &content, passwords)?,
            Some(Encryption::Old(kind)) => return Err(WalletError::OldEncryption { file: file.to_owned(), kind }),
        };
        warnings.extend(open_permissions(file, &metadata));
        Ok(Self { warnings, ..Self::read(file, content)? })
    }

    /// A key from a secret URI (`//Alice`, a mnemonic, a seed), for sandboxes and tests.
    ///
    /// # Errors
    /// [`WalletError::NotAKey`] if it is no such URI.
    pub fn from_uri(uri: &str) -> Result<Self, WalletError> {
        let file = PathBuf::from("the secret URI");
        SigningKey::from_uri(uri).map(Self::of).ok_or(WalletError::NotAKey { file, problem: "it gives no key" })
    }

    /// The public key that signs.
    pub const fn hotkey(&self) -> Hotkey {
        self.hotkey
    }

    /// What the operator should correct.
    pub fn warnings(&self) -> &[WalletWarning] {
        &self.warnings
    }

    fn of(key: SigningKey) -> Self {
        Self { hotkey: Hotkey::new(key.public_key()), key, warnings: Vec::new() }
    }

    fn read(file: &Path, content: Vec<u8>) -> Result<Self, WalletError> {
        let not_a_key = |problem| WalletError::NotAKey { file: file.to_owned(), problem };
        let text = match String::from_utf8(content) {
            Ok(text) => SecretString::from(text),
            Err(error) => {
                error.into_bytes().zeroize();
                return Err(not_a_key("it is not text"));
            }
        };
        let key = KeyFile::parse(&text).map_err(not_a_key)?;
        if let Some(crypto_type) = key.foreign_type() {
            return Err(WalletError::WrongKeyType { file: file.to_owned(), crypto_type });
        }
        let wallet = Self::of(key.signing_key().map_err(not_a_key)?);
        let named = key.named_key().map_err(not_a_key)?;
        if named == wallet.hotkey {
            return Ok(wallet);
        }
        Err(WalletError::OtherPublicKey { file: file.to_owned(), built: wallet.hotkey, named })
    }
}

impl fmt::Debug for HotkeyWallet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HotkeyWallet").field("hotkey", &self.hotkey).finish_non_exhaustive()
    }
}

impl Signer<SubstrateConfig> for HotkeyWallet {
    fn account_id(&self) -> AccountId32 {
        AccountId32(*self.hotkey.public_key())
    }

    fn sign(&self, signer_payload: &[u8]) -> <SubstrateConfig as Config>::Signature {
        MultiSignature::Sr25519(self.key.sign(signer_payload))
    }
}

/// What is in an encrypted file, and what to warn about.
fn decrypted(
    file: &Path,
    content: &[u8],
    passwords: &dyn Passwords,
) -> Result<(Vec<u8>, Vec<WalletWarning>), WalletError> {
    let mut attempts = 1;
    loop {
        let password = password::find(file, passwords)?;
        match encryption::open_nacl(content, &password.secret) {
            Ok(content) => return Ok((content, password.warning.into_iter().collect())),
            Err(Shut::NoMemory(mebibytes)) => {
                return Err(WalletError::NoMemory { file: file.to_owned(), mebibytes });
            }
            Err(Shut::WrongPassword) if password.origin == PasswordOrigin::Terminal && attempts < ATTEMPTS => {
                attempts += 1;
            }
            Err(Shut::WrongPassword) => {
                return Err(WalletError::WrongPassword { file: file.to_owned(), from: password.origin });
            }
        }
    }
}

/// `~` and `~/…` are under `home`, if there is one; everything else is as it is.
fn expand_home(path: &str, home: Option<PathBuf>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tilde_is_the_home() {
        let home = || Some(PathBuf::from("/home/op"));
        for (path, home, expected) in [
            ("~/.bittensor/wallets", home(), "/home/op/.bittensor/wallets"),
            ("~", home(), "/home/op"),
            ("~other/wallets", home(), "~other/wallets"),
            ("/etc/~", home(), "/etc/~"),
            ("~/wallets", None, "~/wallets"),
        ] {
            assert_eq!(expand_home(path, home), PathBuf::from(expected), "{path}");
        }
    }
}
