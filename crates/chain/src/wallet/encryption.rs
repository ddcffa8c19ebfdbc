//! Encrypted key files: which kind one is, and opening the kind that Bittensor writes today.
//!
//! `$NACL` ‖ nonce (24 bytes) ‖ XSalsa20-Poly1305 box; its key is Argon2i v1.3 of the password with the parameters of
//! libsodium's `OPSLIMIT_SENSITIVE` and `MEMLIMIT_SENSITIVE` of that function, under a salt that Bittensor fixed for all
//! files (bittensor-wallet, `keyfile.rs`). It is slow by intent: some seconds, and 512 MiB while it lasts.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};

const NACL: &[u8] = b"$NACL";
const NONCE_BYTES: usize = 24;
const SALT: [u8; 16] = *b"\x13q\x83\xdf\xf1Z\t\xbc\x9c\x90\xb5Q\x879\xe9\xb1";
const MEMORY_KIBIBYTES: u32 = 524_288;
const PASSES: u32 = 8;
const LANES: u32 = 1;

/// How a key file is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// As Bittensor writes it.
    Nacl,
    /// As it once did.
    Old(&'static str),
}

impl Encryption {
    /// By the first bytes; `None` if the file is not encrypted.
    pub(super) fn of(content: &[u8]) -> Option<Self> {
        const KINDS: [(&[u8], Encryption); 3] = [
            (NACL, Encryption::Nacl),
            (b"$ANSIBLE_VAULT", Encryption::Old("Ansible Vault")),
            (b"gAAAAA", Encryption::Old("Fernet")),
        ];
        KINDS.into_iter().find(|(prefix, _)| content.starts_with(prefix)).map(|(_, kind)| kind)
    }
}

/// Why a box cannot be opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shut {
    /// The password is wrong, or the file is damaged: the box does not show which.
    WrongPassword,
    /// So many MiB of memory could not be allocated.
    NoMemory(u32),
}

/// Opens a `$NACL` file.
pub(super) fn open_nacl(content: &[u8], password: &SecretString) -> Result<Vec<u8>, Shut> {
    let sealed = content.strip_prefix(NACL).ok_or(Shut::WrongPassword)?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(Shut::WrongPassword)?;
    let key = derived_key(password)?;
    XSalsa20Poly1305::new(crypto_secretbox::Key::from_slice(key.as_slice()))
        .decrypt(Nonce::from_slice(nonce), sealed)
        .map_err(|_| Shut::WrongPassword)
}

fn derived_key(password: &SecretString) -> Result<Zeroizing<[u8; 32]>, Shut> {
    let no_memory = || Shut::NoMemory(MEMORY_KIBIBYTES / 1024);
    let params = Params::new(MEMORY_KIBIBYTES, PASSES, LANES, Some(32)).map_err(|_| no_memory())?;
    let mut blocks: Vec<Block> = Vec::new();
    blocks.try_reserve_exact(params.block_count()).map_err(|_| no_memory())?;
    blocks.resize(params.block_count(), Block::default());
    let mut key = Zeroizing::new([0; 32]);
    let outcome = Argon2::new(Algorithm::Argon2i, Version::V0x13, params).hash_password_into_with_memory(
        password.expose_secret().as_bytes(),
        &SALT,
        key.as_mut_slice(),
        &mut blocks,
    );
    blocks.zeroize();
    // The only other refusal is a password of 4 GiB.
    outcome.map(|()| key).map_err(|_| Shut::WrongPassword)
}
