//! The beacon's curve: BLS12-381 with public keys in G2 and signatures in G1 (drand's `bls-unchained-g1-rfc9380`).

use ark_bls12_381::{Bls12_381, Fr, G1Projective, G2Affine, G2Projective, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::PrimeField;
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};

/// Separates what this beacon signs from what others sign with the same curve (RFC 9380, section 8.8.1).
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
/// Bits of security that hashing to the field is made for.
const SECURITY_BITS: usize = 128;

type Hasher = MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, SECURITY_BITS>, WBMap<g1::Config>>;

/// A number of the curve's scalar field.
pub(crate) type Scalar = Fr;
/// A point of the group of public keys.
pub(crate) type KeyPoint = G2Affine;
/// A point of the group of signatures.
pub(crate) type SignaturePoint = ark_bls12_381::G1Affine;

/// A point that is on the curve and in its group, from its compressed bytes: exactly these bytes.
pub(crate) fn point<P: CanonicalDeserialize>(mut bytes: &[u8]) -> Option<P> {
    let point = P::deserialize_compressed(&mut bytes).ok()?;
    bytes.is_empty().then_some(point)
}

/// The compressed bytes of a point or a number.
pub(crate) fn compressed(value: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.compressed_size());
    // Writing into a vector never fails.
    let _ = value.serialize_compressed(&mut bytes);
    bytes
}

/// The point that the beacon's signature of `round` is a multiple of: it signs the digest of the round's number.
pub(crate) fn round_point(round: u64) -> Option<SignaturePoint> {
    Hasher::new(DOMAIN).ok()?.hash(&Sha256::digest(round.to_be_bytes())).ok()
}

/// The digest as a number, modulo the order of the group.
pub(crate) fn scalar(digest: &[u8]) -> Scalar {
    Scalar::from_be_bytes_mod_order(digest)
}

/// `factor` times the generator of the group of public keys.
pub(crate) fn key_multiple(factor: Scalar) -> KeyPoint {
    (G2Projective::generator() * factor).into_affine()
}

/// `factor` times a point.
pub(crate) fn multiple<P: AffineRepr<ScalarField = Scalar>>(point: P, factor: Scalar) -> P {
    (point * factor).into_affine()
}

/// The bytes of the pairing of a signature or a round's point with a point of the other group.
pub(crate) fn pairing_bytes(signature: SignaturePoint, key: KeyPoint) -> Vec<u8> {
    let PairingOutput(value) = Bls12_381::pairing(signature, key);
    compressed(&value)
}

/// A beacon's secret key, as needed to run a beacon: the sandbox does.
///
/// ```
/// use tensorflix_timelock::{BeaconKey, encrypt, open};
///
/// let key = BeaconKey::from_digest(&[7; 32]);
/// let sealed = encrypt(&key.public_key(), 1_000, b"weights")?;
/// assert_eq!(open(&key.sign(1_000), &sealed)?, b"weights");
/// assert!(open(&key.sign(1_001), &sealed).is_err());
/// # Ok::<(), tensorflix_timelock::TimelockError>(())
/// ```
#[derive(Clone)]
pub struct BeaconKey(Scalar);

impl BeaconKey {
    /// The key that a digest gives.
    #[must_use]
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(scalar(digest))
    }

    /// The public key as the chain publishes it, compressed.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        compressed(&key_multiple(self.0))
    }

    /// The signature of a round, compressed.
    #[must_use]
    pub fn sign(&self, round: u64) -> Vec<u8> {
        round_point(round).map(|point| compressed(&multiple(point, self.0))).unwrap_or_default()
    }
}
