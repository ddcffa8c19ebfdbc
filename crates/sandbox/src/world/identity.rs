//! Keys and names of the sandbox's people: sr25519 pairs derived from the seed, in the forms that chain and wallet use.
//!
//! These are throwaway keys: they can be derived from the seed.

use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey};
use subxt::utils::AccountId32;

use super::draw::Draw;

/// `cryptoType` of sr25519 in a Bittensor keyfile.
const CRYPTO_TYPE_SR25519: u8 = 1;

/// One sr25519 key pair.
#[derive(Clone)]
pub struct Key {
    pair: Keypair,
    address: String,
}

impl Key {
    /// The pair of a drawn 32-byte seed.
    #[expect(clippy::expect_used, reason = "any 32 bytes are a mini secret key")]
    pub(crate) fn drawn(draw: &mut Draw) -> Self {
        let secret = MiniSecretKey::from_bytes(&draw.bytes::<32>()).expect("32 bytes");
        let pair = secret.expand_to_keypair(ExpansionMode::Ed25519);
        let address = AccountId32(pair.public.to_bytes()).to_string();
        Self { pair, address }
    }

    /// The public key, which is also the account id.
    pub fn public(&self) -> [u8; 32] {
        self.pair.public.to_bytes()
    }

    /// The 64-byte secret as `schnorrkel::SecretKey::from_bytes` takes it (not the ed25519 form).
    pub fn secret(&self) -> [u8; 64] {
        self.pair.secret.to_bytes()
    }

    /// The pair itself, for signing.
    pub fn pair(&self) -> &Keypair {
        &self.pair
    }

    /// The SS58 address with the generic Substrate prefix 42.
    pub fn ss58(&self) -> &str {
        &self.address
    }

    /// The wallet keyfile of a hotkey: JSON with the private key.
    pub fn keyfile(&self) -> String {
        serde_json::json!({
            "accountId": self.public_hex(),
            "publicKey": self.public_hex(),
            "privateKey": format!("0x{}", hex::encode(self.secret())),
            "ss58Address": self.ss58(),
            "cryptoType": CRYPTO_TYPE_SR25519,
        })
        .to_string()
    }

    /// The public half of a wallet, as in `coldkeypub.txt`.
    pub fn public_keyfile(&self) -> String {
        serde_json::json!({
            "accountId": self.public_hex(),
            "publicKey": self.public_hex(),
            "ss58Address": self.ss58(),
            "cryptoType": CRYPTO_TYPE_SR25519,
        })
        .to_string()
    }

    fn public_hex(&self) -> String {
        format!("0x{}", hex::encode(self.public()))
    }
}

impl std::fmt::Debug for Key {
    /// Names the address only: a secret never reaches a log, not even a throwaway one.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({})", self.ss58())
    }
}

const ADJECTIVES: [&str; 16] = [
    "amber", "brisk", "coral", "dusky", "ember", "frost", "gilded", "hazel", "ivory", "jade", "lunar", "misty", "neon",
    "opal", "quiet", "velvet",
];

const NOUNS: [&str; 16] = [
    "badger", "comet", "dahlia", "falcon", "glacier", "heron", "lantern", "maple", "nebula", "otter", "pixel",
    "quartz", "raven", "sparrow", "tundra", "willow",
];

/// A GitHub login that no other member has: the number is the member's own.
pub(crate) fn username(draw: &mut Draw, member: u32) -> String {
    format!("{}-{}-{member}", draw.pick(&ADJECTIVES), draw.pick(&NOUNS))
}

/// A gist id: 32 hex digits.
pub(crate) fn gist_id(draw: &mut Draw) -> String {
    hex::encode(draw.bytes::<16>())
}
