//! Encryption for a round of the beacon, and opening with that round's signature.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};

use crate::curve::{self, KeyPoint, Scalar, SignaturePoint};

/// Most bytes of a commit that the chain accepts (`MAX_CRV3_COMMIT_SIZE_BYTES`).
pub const MAX_COMMIT_BYTES: usize = 5_000;

/// Bytes of a beacon's compressed public key, a point of BLS12-381's G2.
pub const PUBLIC_KEY_BYTES: usize = 96;

/// Bytes of the session key and of the seed that hides it: a digest's.
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const LENGTH_BYTES: usize = 8;
const CIPHER_SUITE: &[u8] = b"AES_GCM_";

type Digest32 = [u8; KEY_BYTES];

/// Why something could not be encrypted or opened. A retry does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelockError {
    /// The beacon's public key is not a point of the curve's group.
    #[error("the beacon's public key is not a point of BLS12-381 G2")]
    PublicKey,
    /// The signature is not a point of the curve's group.
    #[error("the beacon's signature is not a point of BLS12-381 G1")]
    Signature,
    /// The ciphertext is not of the chain's format.
    #[error("the ciphertext is malformed")]
    Malformed,
    /// The ciphertext is longer than the chain accepts.
    #[error("{length_bytes} bytes of ciphertext are more than the {MAX_COMMIT_BYTES} that the chain accepts")]
    TooLong {
        /// Its length.
        length_bytes: usize,
    },
    /// The encryption itself failed.
    #[error("the message could not be encrypted")]
    Encryption,
    /// The signature is not the one it was encrypted for, or the ciphertext was changed.
    #[error("the signature does not open the ciphertext")]
    WrongSignature,
}

/// Encrypts `message` so that the beacon's signature of `round` opens it: at most [`MAX_COMMIT_BYTES`].
///
/// Boneh and Franklin's `FullIdent` ("Identity-Based Encryption from the Weil Pairing", section 4.2): the round is the
/// identity, and the beacon's signature of it is the key that opens. It encrypts a session key of AES-256-GCM, which
/// encrypts the message.
///
/// # Errors
/// [`TimelockError::PublicKey`], [`TimelockError::TooLong`] or [`TimelockError::Encryption`].
pub fn encrypt(public_key: &[u8], round: u64, message: &[u8]) -> Result<Vec<u8>, TimelockError> {
    let public_key: KeyPoint = curve::point(public_key).ok_or(TimelockError::PublicKey)?;
    let round_point = curve::round_point(round).ok_or(TimelockError::Encryption)?;
    let (mut seed, mut session_key, mut nonce) = ([0; KEY_BYTES], [0; KEY_BYTES], [0; NONCE_BYTES]);
    OsRng.fill_bytes(&mut seed);
    OsRng.fill_bytes(&mut session_key);
    OsRng.fill_bytes(&mut nonce);

    let factor = blinding_factor(&seed, &session_key);
    let shared = curve::pairing_bytes(round_point, curve::multiple(public_key, factor));
    let body =
        cipher(&session_key).encrypt(Nonce::from_slice(&nonce), message).map_err(|_| TimelockError::Encryption)?;
    let sealed = Sealed {
        point: curve::key_multiple(factor),
        hidden_seed: xor(seed, digest(&shared)),
        hidden_key: xor(session_key, digest(&seed)),
        nonce: &nonce,
        body: &body,
    };
    let bytes = sealed.to_bytes();
    if bytes.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong { length_bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Opens a ciphertext with the beacon's compressed signature of its round.
///
/// # Errors
/// [`TimelockError`], for the signature or the ciphertext.
pub fn open(signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, TimelockError> {
    if ciphertext.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong { length_bytes: ciphertext.len() });
    }
    let signature: SignaturePoint = curve::point(signature).ok_or(TimelockError::Signature)?;
    let sealed = Sealed::from_bytes(ciphertext).ok_or(TimelockError::Malformed)?;

    let seed = xor(sealed.hidden_seed, digest(&curve::pairing_bytes(signature, sealed.point)));
    let session_key = xor(sealed.hidden_key, digest(&seed));
    // The sender knew seed and key, and neither was changed since.
    if curve::key_multiple(blinding_factor(&seed, &session_key)) != sealed.point {
        return Err(TimelockError::WrongSignature);
    }
    cipher(&session_key)
        .decrypt(Nonce::from_slice(sealed.nonce), sealed.body)
        .map_err(|_| TimelockError::WrongSignature)
}

/// A ciphertext in its parts. On the wire each part but the point follows its length (64 bits, little endian).
struct Sealed<'a> {
    point: KeyPoint,
    hidden_seed: Digest32,
    hidden_key: Digest32,
    body: &'a [u8],
    nonce: &'a [u8; NONCE_BYTES],
}

impl<'a> Sealed<'a> {
    fn to_bytes(&self) -> Vec<u8> {
        let mut sealed_message = Vec::new();
        announce(&mut sealed_message, self.body);
        announce(&mut sealed_message, self.nonce);
        let mut bytes = curve::compressed(&self.point);
        for part in [self.hidden_seed.as_slice(), &self.hidden_key, &sealed_message, CIPHER_SUITE] {
            announce(&mut bytes, part);
        }
        bytes
    }

    /// `None` unless every length is present and right, and nothing follows.
    fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let (point, rest) = bytes.split_at_checked(PUBLIC_KEY_BYTES)?;
        let (hidden_seed, rest) = announced(rest)?;
        let (hidden_key, rest) = announced(rest)?;
        let (sealed_message, rest) = announced(rest)?;
        let (suite, rest) = announced(rest)?;
        let (body, nonce) = announced(sealed_message)?;
        let (nonce, after_nonce) = announced(nonce)?;
        if suite != CIPHER_SUITE || !rest.is_empty() || !after_nonce.is_empty() {
            return None;
        }
        Some(Self {
            hidden_seed: hidden_seed.try_into().ok()?,
            hidden_key: hidden_key.try_into().ok()?,
            nonce: nonce.try_into().ok()?,
            body,
            // Last: it costs the most.
            point: curve::point(point)?,
        })
    }
}

/// Writes bytes after their length.
fn announce(target: &mut Vec<u8>, part: &[u8]) {
    target.extend_from_slice(&(part.len() as u64).to_le_bytes());
    target.extend_from_slice(part);
}

/// Bytes after their length, and what follows them.
fn announced(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// The factor of the ciphertext's point on the generator: it can be computed only from seed and key.
fn blinding_factor(seed: &Digest32, session_key: &Digest32) -> Scalar {
    curve::scalar(&digest(&[seed.as_slice(), session_key].concat()))
}

fn digest(bytes: &[u8]) -> Digest32 {
    Sha256::digest(bytes).into()
}

fn xor(left: Digest32, right: Digest32) -> Digest32 {
    std::array::from_fn(|at| left[at] ^ right[at])
}

fn cipher(session_key: &Digest32) -> Aes256Gcm {
    Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(session_key))
}
