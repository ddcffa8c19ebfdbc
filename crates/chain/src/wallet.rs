//! Bittensor wallets on disk: the hotkey that signs.
//!
//! A wallet is a directory, `<path>/<name>/hotkeys/<hotkey>`, and a hotkey a JSON file with `privateKey` (0x, 64 bytes
//! in the expanded form of schnorrkel), or at least `secretSeed` or `secretPhrase`; unknown fields are ignored. The key
//! that is built must have the public key that the file names.
//!
//! Invariants: no secret is in any error, warning or `Debug`; file contents are wiped from memory after use. Encrypted
//! files are recognised, each kind by its own message, and not opened yet. Nothing is written.

use schnorrkel::{ExpansionMode, MiniSecretKey, SecretKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use subxt::config::{Config, SubstrateConfig};
use subxt::tx::Signer;
use subxt::utils::{AccountId32, MultiSignature};
use subxt_signer::SecretUri;
use tensorflix_domain::ids::Hotkey;

/// What Substrate chains sign under.
const SIGNING_CONTEXT: &[u8] = b"substrate";
/// `cryptoType` of sr25519 keys.
const SR25519: u64 = 1;
/// Largest key file that is read; real ones are below 1 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// A hotkey that can sign.
pub struct HotkeyWallet {
    hotkey: Hotkey,
    key: SigningKey,
    warnings: Vec<WalletWarning>,
}

/// The secret, as the library that derived it holds it. Both wipe it when it goes.
enum SigningKey {
    /// From its expanded bytes, or from a seed.
    Expanded(schnorrkel::Keypair),
    /// From a mnemonic or another secret URI.
    Derived(subxt_signer::sr25519::Keypair),
}

impl SigningKey {
    fn public_key(&self) -> [u8; 32] {
        match self {
            Self::Expanded(keypair) => keypair.public.to_bytes(),
            Self::Derived(keypair) => keypair.public_key().0,
        }
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Expanded(keypair) => {
                keypair.sign(schnorrkel::signing_context(SIGNING_CONTEXT).bytes(message)).to_bytes()
            }
            Self::Derived(keypair) => keypair.sign(message).0,
        }
    }

    fn from_uri(uri: &str) -> Option<Self> {
        let uri = SecretUri::from_str(uri).ok()?;
        subxt_signer::sr25519::Keypair::from_uri(&uri).ok().map(Self::Derived)
    }
}

/// Something the operator should correct, though the key works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletWarning {
    /// Others on this machine can read the key.
    OpenPermissions {
        /// The key's file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for WalletWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::OpenPermissions { file, mode } = self;
        let file = file.display();
        write!(formatter, "{file} can be read by others (mode {mode:03o}): run `chmod 600 {file}`")
    }
}

/// Why a hotkey cannot be used. All of these stop: the operator has to correct the wallet or its settings.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The file cannot be read.
    #[error("cannot read the hotkey {file} ({source}): check the settings in [wallet]")]
    Unreadable {
        /// The key's file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The name of a wallet or a hotkey would lead out of the wallets' directory.
    #[error("`{0}` is no name of a wallet or hotkey")]
    InvalidName(String),
    /// The file is encrypted.
    #[error(
        "the hotkey {file} is encrypted ({kind}), which this release cannot open: use an unencrypted hotkey, the \
         default of `btcli wallet new-hotkey`"
    )]
    Encrypted {
        /// The key's file.
        file: PathBuf,
        /// How it is encrypted.
        kind: &'static str,
    },
    /// The file is not a key file.
    #[error("{file} is not a Bittensor key file: {problem}")]
    NotAKey {
        /// The key's file.
        file: PathBuf,
        /// What is wrong with it; never its content.
        problem: &'static str,
    },
    /// The key is of another kind.
    #[error("the hotkey {file} has key type {crypto_type}, and Bittensor's are sr25519 (type 1)")]
    WrongKeyType {
        /// The key's file.
        file: PathBuf,
        /// The `cryptoType` it names.
        crypto_type: u64,
    },
    /// The secret key belongs to another public key.
    #[error("the private key in {file} belongs to {built}, but the file says {named}: the file is damaged")]
    OtherPublicKey {
        /// The key's file.
        file: PathBuf,
        /// The address of the private key.
        built: Hotkey,
        /// The address that the file names.
        named: Hotkey,
    },
}

/// A key file as far as it matters. Secrets are wiped when this goes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyFile {
    #[serde(default)]
    crypto_type: Option<u64>,
    #[serde(default)]
    public_key: Option<String>,
    #[serde(default)]
    account_id: Option<String>,
    #[serde(default)]
    ss58_address: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    private_key: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    secret_seed: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    secret_phrase: Option<SecretString>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

impl HotkeyWallet {
    /// Opens hotkey `hotkey` of wallet `name` under the wallets' directory `path`; a leading `~` is the home.
    ///
    /// # Errors
    /// See [`WalletError`]; every one stops.
    pub fn open(path: &str, name: &str, hotkey: &str) -> Result<Self, WalletError> {
        for part in [name, hotkey] {
            if part.is_empty() || part == "." || part == ".." || part.contains(['/', '\\', '\0']) {
                return Err(WalletError::InvalidName(part.to_owned()));
            }
        }
        Self::open_file(&expand_home(path, std::env::home_dir()).join(name).join("hotkeys").join(hotkey))
    }

    /// Opens one key file.
    ///
    /// # Errors
    /// See [`WalletError`]; every one stops.
    pub fn open_file(file: &Path) -> Result<Self, WalletError> {
        let unreadable = |source| WalletError::Unreadable { file: file.to_owned(), source };
        let metadata = std::fs::metadata(file).map_err(unreadable)?;
        if metadata.len() > MAX_FILE_BYTES {
            return Err(WalletError::NotAKey { file: file.to_owned(), problem: "it is too large" });
        }
        let content = std::fs::read(file).map_err(unreadable)?;
        let mut wallet = Self::read(file, content)?;
        wallet.warnings.extend(open_permissions(file, &metadata));
        Ok(wallet)
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
        if let Some(kind) = encryption(&content) {
            return Err(WalletError::Encrypted { file: file.to_owned(), kind });
        }
        let text = String::from_utf8(content).map_err(|_| not_a_key("it is not text"))?;
        let text = SecretString::from(text);
        // The parser's own message may quote the file, so it is not passed on.
        let key: KeyFile =
            serde_json::from_str(text.expose_secret()).map_err(|_| not_a_key("it is not JSON of a key"))?;
        if let Some(crypto_type) = key.crypto_type.filter(|crypto_type| *crypto_type != SR25519) {
            return Err(WalletError::WrongKeyType { file: file.to_owned(), crypto_type });
        }
        let wallet = Self::of(signing_key(&key).map_err(not_a_key)?);
        let named = named_hotkey(&key).map_err(not_a_key)?;
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

/// How a file is encrypted, by its first bytes; `None` if it is not.
fn encryption(content: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 3] = [
        (b"$NACL", "NaCl, the current format of Bittensor wallets"),
        (b"$ANSIBLE_VAULT", "Ansible Vault, an old format: re-encrypt it with `btcli wallet update`"),
        (b"gAAAAA", "Fernet, a very old format: re-encrypt it with `btcli wallet update`"),
    ];
    KINDS.into_iter().find(|(prefix, _)| content.starts_with(prefix)).map(|(_, kind)| kind)
}

/// The key itself: `privateKey` first, since keys made from a URI have nothing else.
fn signing_key(key: &KeyFile) -> Result<SigningKey, &'static str> {
    if let Some(private_key) = &key.private_key {
        let bytes = SecretBytes::<64>::from_hex(private_key).ok_or("`privateKey` is not 64 bytes in hexadecimal")?;
        let secret = SecretKey::from_bytes(&bytes.0).map_err(|_| "`privateKey` is not an sr25519 key")?;
        return Ok(SigningKey::Expanded(secret.to_keypair()));
    }
    if let Some(seed) = &key.secret_seed {
        let bytes = SecretBytes::<32>::from_hex(seed).ok_or("`secretSeed` is not 32 bytes in hexadecimal")?;
        let seed = MiniSecretKey::from_bytes(&bytes.0).map_err(|_| "`secretSeed` is not a seed")?;
        return Ok(SigningKey::Expanded(seed.expand_to_keypair(ExpansionMode::Ed25519)));
    }
    if let Some(phrase) = &key.secret_phrase {
        return SigningKey::from_uri(phrase.expose_secret()).ok_or("`secretPhrase` is not a mnemonic");
    }
    Err("it has no `privateKey`, `secretSeed` or `secretPhrase` (is it a public key file?)")
}

/// Bytes that are wiped when they go.
struct SecretBytes<const N: usize>([u8; N]);

impl<const N: usize> SecretBytes<N> {
    fn from_hex(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret();
        let mut bytes = Self([0; N]);
        hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes.0).ok()?;
        Some(bytes)
    }
}

impl<const N: usize> Drop for SecretBytes<N> {
    fn drop(&mut self) {
        use secrecy::zeroize::Zeroize;
        self.0.zeroize();
    }
}

/// The public key that the file names, in whichever of its fields.
fn named_hotkey(key: &KeyFile) -> Result<Hotkey, &'static str> {
    if let Some(public_key) = key.public_key.as_ref().or(key.account_id.as_ref()) {
        let mut bytes = [0; 32];
        hex::decode_to_slice(public_key.strip_prefix("0x").unwrap_or(public_key), &mut bytes)
            .map_err(|_| "its public key is not 32 bytes in hexadecimal")?;
        return Ok(Hotkey::new(bytes));
    }
    let address = key.ss58_address.as_ref().ok_or("it names no public key")?;
    address.parse().map_err(|_| "its `ss58Address` is no address")
}

/// `~` and `~/…` are under `home`, if there is one; everything else is as it is.
fn expand_home(path: &str, home: Option<PathBuf>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

#[cfg(unix)]
fn open_permissions(file: &Path, metadata: &std::fs::Metadata) -> Option<WalletWarning> {
    use std::os::unix::fs::PermissionsExt;
    const GROUP_OR_OTHERS: u32 = 0o077;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & GROUP_OR_OTHERS != 0).then(|| WalletWarning::OpenPermissions { file: file.to_owned(), mode })
}

#[cfg(not(unix))]
fn open_permissions(_: &Path, _: &std::fs::Metadata) -> Option<WalletWarning> {
    None
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
