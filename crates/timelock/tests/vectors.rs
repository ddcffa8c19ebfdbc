//! The chain's and the official package's own figures, and what we make ourselves.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that cannot run must fail")]

use serde::Deserialize;
use tensorflix_timelock::{
    Beacon, MAX_COMMIT_BYTES, Moment, RoundError, Schedule, TimelockError, encrypt, expected_reveal, open,
};

#[derive(Deserialize)]
struct Ciphertexts {
    public_key: String,
    round_1000_signature: String,
    vectors: Vec<Ciphertext>,
}

#[derive(Deserialize)]
struct Ciphertext {
    message: String,
    round: u64,
    ciphertext: String,
}

fn ciphertexts() -> Ciphertexts {
    serde_json::from_str(include_str!("data/timelock-vectors.json")).expect("vectors")
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hexadecimal")
}

#[test]
fn every_ciphertext_of_the_official_package_opens_with_its_own_signature_only() {
    let vectors = ciphertexts();
    let signature = bytes(&vectors.round_1000_signature);
    assert_eq!(vectors.vectors.len(), 5);
    for vector in &vectors.vectors {
        assert_eq!(vector.round, 1_000);
        assert_eq!(open(&signature, &bytes(&vector.ciphertext)), Ok(bytes(&vector.message)));
    }
    let other = encrypt(&bytes(&vectors.public_key), 1_001, b"later").expect("encrypted");
    assert_eq!(open(&signature, &other), Err(TimelockError::WrongSignature));
}

#[test]
fn what_we_encrypt_has_the_length_and_opens_like_the_official_packages() {
    let vectors = ciphertexts();
    let (key, signature) = (bytes(&vectors.public_key), bytes(&vectors.round_1000_signature));
    for vector in &vectors.vectors {
        let message = bytes(&vector.message);
        let ours = encrypt(&key, vector.round, &message).expect("encrypted");
        assert_eq!(ours.len(), vector.ciphertext.len() / 2);
        assert_ne!(hex::encode(&ours), vector.ciphertext, "no randomness is used twice");
        assert_eq!(open(&signature, &ours), Ok(message));
    }
}

#[test]
fn what_the_chain_would_not_take_is_not_made_and_malformed_bytes_are_said_to_be_so() {
    let vectors = ciphertexts();
    let (key, signature) = (bytes(&vectors.public_key), bytes(&vectors.round_1000_signature));
    let overhead = encrypt(&key, 1_000, b"").expect("encrypted").len();
    assert_eq!(encrypt(&key, 1_000, &vec![7; MAX_COMMIT_BYTES - overhead]).expect("fits").len(), MAX_COMMIT_BYTES);
    let too_long = encrypt(&key, 1_000, &vec![7; MAX_COMMIT_BYTES - overhead + 1]);
    assert_eq!(too_long, Err(TimelockError::TooLong { length_bytes: MAX_COMMIT_BYTES + 1 }));
    assert_eq!(encrypt(&key[1..], 1_000, b"x"), Err(TimelockError::PublicKey));

    let good = bytes(&vectors.vectors[0].ciphertext);
    assert_eq!(open(&signature[1..], &good), Err(TimelockError::Signature));
    for length in 0..good.len() {
        assert_eq!(open(&signature, &good[..length]), Err(TimelockError::Malformed), "the first {length} bytes");
    }
    // Lengths that announce more than there is, or halves of another size.
    for at in [96, 96 + 7, 96 + 40, 96 + 80, 96 + 88] {
        let mut spoilt = good.clone();
        spoilt[at] ^= 0x7f;
        assert_eq!(open(&signature, &spoilt), Err(TimelockError::Malformed), "byte {at}");
    }
}

#[derive(Deserialize)]
struct Rounds {
    vectors: Vec<Round>,
}

#[derive(Deserialize)]
struct Round {
    now_unix: f64,
    last_epoch_block: u64,
    pending_epoch_at: u64,
    subnet_epoch_index: u64,
    tempo: u64,
    blocks_since_last_step: u64,
    current_block: u64,
    reveal_period_epochs: u64,
    block_time_secs: u64,
    reveal_round: u64,
}

fn quicknet() -> Beacon {
    Beacon { public_key: bytes(&ciphertexts().public_key), genesis_secs: 1_692_803_367, period_secs: 3 }
}

#[test]
fn every_reveal_round_is_the_official_packages() {
    let rounds: Rounds = serde_json::from_str(include_str!("data/reveal-round-vectors.json")).expect("vectors");
    assert_eq!(rounds.vectors.len(), 80);
    for (index, vector) in rounds.vectors.iter().enumerate() {
        assert_eq!(vector.block_time_secs * 1_000, tensorflix_timelock::BLOCK_MS);
        let schedule = Schedule::Stateful {
            tempo: vector.tempo,
            last_epoch_block: vector.last_epoch_block,
            pending_epoch_at: vector.pending_epoch_at,
            epoch_index: vector.subnet_epoch_index,
            blocks_since_last_step: vector.blocks_since_last_step,
        };
        let now = Moment { block: vector.current_block, unix_ms: (vector.now_unix * 1_000.0).round() as u64 };
        let expected = expected_reveal(schedule, vector.reveal_period_epochs, &quicknet(), now).expect("a reveal");
        assert_eq!(expected.round, vector.reveal_round, "vector {index}");
        assert!(expected.commit_until_block < expected.reveal_block, "vector {index}");
    }
}

/// Without the state of epochs: by the chain's own index of epochs, for every place in an epoch.
#[test]
fn without_epoch_state_the_reveal_is_in_the_first_block_of_the_chains_epoch() {
    let (netuid, tempo, period) = (89, 360, 2);
    let epoch = |block: u64| (block + u64::from(netuid) + 1) / (tempo + 1);
    for head in 9_000_000..9_000_400 {
        let now = Moment { block: head, unix_ms: 1_787_270_400_000 };
        let found = expected_reveal(Schedule::ByNumber { tempo, netuid }, period, &quicknet(), now).expect("a reveal");
        assert_eq!(epoch(found.reveal_block), epoch(head + 1) + period);
        assert_eq!(epoch(found.reveal_block - 1), epoch(head + 1) + period - 1);
        assert_eq!(epoch(found.commit_until_block), epoch(head + 1));
        assert_eq!(epoch(found.commit_until_block + 1), epoch(head + 1) + 1);
        let seconds = 1_787_270_400 + (found.reveal_block + 3 - head) * 12;
        assert_eq!(found.round, (seconds - 1_692_803_367) / 3);
    }
}

#[test]
fn states_that_no_chain_in_order_has_are_errors_and_end() {
    let now = Moment { block: u64::MAX, unix_ms: u64::MAX };
    let stateful = |tempo| Schedule::Stateful {
        tempo,
        last_epoch_block: u64::MAX,
        pending_epoch_at: 0,
        epoch_index: 5,
        blocks_since_last_step: 0,
    };
    for schedule in [stateful(0), Schedule::ByNumber { tempo: 0, netuid: 1 }] {
        let found = expected_reveal(schedule, 1, &quicknet(), Moment { block: 5, unix_ms: 0 });
        assert_eq!(found, Err(RoundError::NeverRevealed { tempo: 0 }));
    }
    let overflowing = Schedule::Stateful {
        tempo: 9,
        last_epoch_block: 0,
        pending_epoch_at: 0,
        epoch_index: u64::MAX,
        blocks_since_last_step: 0,
    };
    let found = expected_reveal(overflowing, 1, &quicknet(), Moment { block: 5, unix_ms: 0 });
    assert_eq!(found, Err(RoundError::NeverRevealed { tempo: 9 }));
    for schedule in [stateful(u64::MAX), Schedule::ByNumber { tempo: u64::MAX, netuid: u16::MAX }] {
        // Whatever comes of it, it comes.
        let _ = expected_reveal(schedule, u64::MAX, &quicknet(), now);
    }
    let beacon = Beacon { period_secs: 0, ..quicknet() };
    let found =
        expected_reveal(Schedule::ByNumber { tempo: 9, netuid: 1 }, 1, &beacon, Moment { block: 5, unix_ms: 0 });
    assert_eq!(found, Err(RoundError::NoPeriod));
}
