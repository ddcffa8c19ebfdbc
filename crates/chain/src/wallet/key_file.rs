//! A key file in the clear: its JSON, and the key that it makes.

use schnorrkel::{ExpansionMode, MiniSecretKey, SecretKey};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::str::FromStr;
use subxt_signer::SecretUri;
use tensorflix_domain::ids::Hotkey;

/// What Substrate chains sign under.
const SIGNING_CONTEXT: &[u8] = b"substrate";
/// `cryptoType` of sr25519 keys.
const SR25519: u64 = 1;

/// The secret, as the library that derived it holds it. Both wipe it when it goes.
pub(super) enum SigningKey {
    /// From its expanded bytes, or from a seed.
    Expanded(schnorrkel::Keypair),
    /// From a mnemonic or another secret URI.
    Derived(subxt_signer::sr25519::Keypair),
}

impl SigningKey {
    pub(super) fn public_key(&self) -> [u8; 32] {
        match self {
            Self::Expanded(keypair) => keypair.public.to_bytes(),
            Self::Derived(keypair) => keypair.public_key().0,
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Expanded(keypair) => {
                keypair.sign(schnorrkel::signing_context(SIGNING_CONTEXT).bytes(message)).to_bytes()
            }
            Self::Derived(keypair) => keypair.sign(message).0,
        }
    }

    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        let uri = SecretUri::from_str(uri).ok()?;
        subxt_signer::sr25519::Keypair::from_uri(&uri).ok().map(Self::Derived)
    }
}

/// A key file as far as it matters. Secrets are wiped when this goes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyFile {
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

impl KeyFile {
    /// Reads a file's text. The parser's own message may quote the file, so it is not passed on.
    pub(super) fn parse(text: &SecretString) -> Result<Self, &'static str> {
        serde_json::from_str(text.expose_secret()).map_err(|_| "it is not JSON of a key")
    }

    /// The `cryptoType`, if it is one that Bittensor does not use.
    pub(super) fn foreign_type(&self) -> Option<u64> {
        self.crypto_type.filter(|crypto_type| *crypto_type != SR25519)
    }

    /// The key itself: `privateKey` first, since keys made from a URI have nothing else.
    pub(super) fn signing_key(&self) -> Result<SigningKey, &'static str> {
        if let Some(private_key) = &self.private_key {
            let bytes =
                SecretBytes::<64>::from_hex(private_key).ok_or("`privateKey` is not 64 bytes in hexadecimal")?;
            let secret = SecretKey::from_bytes(&bytes.0).map_err(|_| "`privateKey` is not an sr25519 key")?;
            return Ok(SigningKey::Expanded(secret.to_keypair()));
        }
        if let Some(seed) = &self.secret_seed {
            let bytes = SecretBytes::<32>::from_hex(seed).ok_or("`secretSeed` is not 32 bytes in hexadecimal")?;
            let seed = MiniSecretKey::from_bytes(&bytes.0).map_err(|_| "`secretSeed` is not a seed")?;
            return Ok(SigningKey::Expanded(seed.expand_to_keypair(ExpansionMode::Ed25519)));
        }
        if let Some(phrase) = &self.secret_phrase {
            return SigningKey::from_uri(phrase.expose_secret()).ok_or("`secretPhrase` is not a mnemonic");
        }
        Err("it has no `privateKey`, `secretSeed` or `secretPhrase` (is it a public key file?)")
    }

    /// The public key that the file names, in whichever of its fields.
    pub(super) fn named_key(&self) -> Result<Hotkey, &'static str> {
        if let Some(public_key) = self.public_key.as_ref().or(self.account_id.as_ref()) {
            let mut bytes = [0; 32];
            hex::decode_to_slice(public_key.strip_prefix("0x").unwrap_or(public_key), &mut bytes)
                .map_err(|_| "its public key is not 32 bytes in hexadecimal")?;
            return Ok(Hotkey::new(bytes));
        }
        let address = self.ss58_address.as_ref().ok_or("it names no public key")?;
        address.parse().map_err(|_| "its `ss58Address` is no address")
    }
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
        self.0.zeroize();
    }
}
