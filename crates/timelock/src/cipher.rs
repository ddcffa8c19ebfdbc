//! Encryption for a round of the beacon, and opening with that round's signature.

use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use timelock::curves::drand::TinyBLS381;
use timelock::ibe::fullident::Identity;
use timelock::stream_ciphers::AESGCMStreamCipherProvider;
use timelock::tlock::{TLECiphertext, tld, tle};
use w3f_bls::EngineBLS;

/// Most bytes of a commit that the chain takes (`MAX_CRV3_COMMIT_SIZE_BYTES`).
pub const MAX_COMMIT_BYTES: usize = 5_000;

/// Bytes of a beacon's compressed public key, a point of BLS12-381's G2.
pub const PUBLIC_KEY_BYTES: usize = 96;

/// Bytes of the session key, and of each half of its encrypted form.
const KEY_BYTES: usize = 32;
const LENGTH_BYTES: usize = 8;
const CIPHER_SUITE: &[u8] = b"AES_GCM_";

type PublicKey = <TinyBLS381 as EngineBLS>::PublicKeyGroup;
type Signature = <TinyBLS381 as EngineBLS>::SignatureGroup;

/// Why something could not be encrypted or opened. None of these passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimelockError {
    /// The beacon's public key is no point of the curve's group.
    #[error("the beacon's public key is not a point of BLS12-381 G2")]
    PublicKey,
    /// The signature is no point of the curve's group.
    #[error("the beacon's signature is not a point of BLS12-381 G1")]
    Signature,
    /// The ciphertext is not of the chain's format.
    #[error("the ciphertext is malformed")]
    Malformed,
    /// The ciphertext is longer than the chain takes.
    #[error("{length_bytes} bytes of ciphertext are more than the {MAX_COMMIT_BYTES} that the chain takes")]
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
/// # Errors
/// [`TimelockError::PublicKey`], [`TimelockError::TooLong`] or [`TimelockError::Encryption`].
pub fn encrypt(public_key: &[u8], round: u64, message: &[u8]) -> Result<Vec<u8>, TimelockError> {
    let public_key = PublicKey::deserialize_compressed(public_key).map_err(|_| TimelockError::PublicKey)?;
    // What drand signs: the digest of the round's number.
    let identity = Identity::new(b"", vec![Sha256::digest(round.to_be_bytes()).to_vec()]);
    let mut session_key = [0; KEY_BYTES];
    OsRng.fill_bytes(&mut session_key);
    let sealed =
        tle::<TinyBLS381, AESGCMStreamCipherProvider, OsRng>(public_key, session_key, message, identity, OsRng)
            .map_err(|_| TimelockError::Encryption)?;
    let mut bytes = Vec::new();
    sealed.serialize_compressed(&mut bytes).map_err(|_| TimelockError::Encryption)?;
    if bytes.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong { length_bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Opens a ciphertext with the beacon's compressed signature of its round.
///
/// # Errors
/// What [`TimelockError`] says of the signature and the ciphertext.
pub fn open(signature: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, TimelockError> {
    if ciphertext.len() > MAX_COMMIT_BYTES {
        return Err(TimelockError::TooLong { length_bytes: ciphertext.len() });
    }
    let signature = Signature::deserialize_compressed(signature).map_err(|_| TimelockError::Signature)?;
    if !is_well_formed(ciphertext) {
        return Err(TimelockError::Malformed);
    }
    let sealed =
        TLECiphertext::<TinyBLS381>::deserialize_compressed(ciphertext).map_err(|_| TimelockError::Malformed)?;
    tld::<TinyBLS381, AESGCMStreamCipherProvider>(sealed, signature).map_err(|_| TimelockError::WrongSignature)
}

/// Whether every announced length is there: a decoder makes room for what is announced, and `timelock` takes the halves
/// of the key to be of their right size.
fn is_well_formed(ciphertext: &[u8]) -> bool {
    let walk = || {
        let rest = ciphertext.get(PUBLIC_KEY_BYTES..)?;
        let (first_half, rest) = announced(rest)?;
        let (second_half, rest) = announced(rest)?;
        let (body, rest) = announced(rest)?;
        let (suite, rest) = announced(rest)?;
        let (_, nonce) = announced(body)?;
        let (_, body_rest) = announced(nonce)?;
        let halves = first_half.len() == KEY_BYTES && second_half.len() == KEY_BYTES;
        Some(halves && suite == CIPHER_SUITE && rest.is_empty() && body_rest.is_empty())
    };
    walk().unwrap_or(false)
}

/// Bytes behind their length (64 bits, little endian), and what follows them.
fn announced(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}
