//! Content ids that carry their own description.
//!
//! An id is an index (who, for which task, which one, of what kind) under a keyed permutation, written in base64url
//! as the platforms write theirs: 11 characters. So a world of a hundred thousand videos stores none of them: an id
//! that is asked for is turned back into its index, and everything about the video follows from that. The unused bits
//! of the index are zero; an id for which they are not was never given out.

use super::draw::{Draw, mix};
use super::task::Platform;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Characters of a YouTube id and of a reel's short code.
pub const ID_LENGTH: usize = 11;
/// The first character of the short codes of these years.
const REEL_PREFIX: u8 = b'D';
/// Rounds of the Feistel network; four make neighbouring indices look unrelated.
const ROUNDS: u64 = 4;

const MEMBER_BITS: u32 = 12;
const TASK_BITS: u32 = 14;
const SLOT_BITS: u32 = 12;
const KIND_BITS: u32 = 6;

/// The kind of a video or reel; part of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ContentKind {
    /// Published in time, tagged with its miner's hotkey, growing organically.
    Ordinary,
    /// As ordinary, without the hotkey in its text.
    Untagged,
    /// Published before the task started.
    Early,
    /// Published after the sandbox's first block.
    Later,
    /// A live stream that is on air.
    Live,
    /// A premiere that is announced and has not begun.
    Premiere,
    /// Likes and comments hidden.
    HiddenEngagement,
    /// All counts hidden.
    HiddenViews,
    /// Never watched.
    Unwatched,
    /// Minutes old at the first block.
    Fresh,
    /// A reel that shows plays but no views.
    NullViews,
    /// Its views are bought.
    Bought,
    /// Removed before the first block.
    Removed,
    /// Removed some blocks after the first.
    Vanishing,
    /// Set to private.
    Private,
    /// A viral video of somebody outside the subnet, without a hotkey.
    Stranger,
    /// Filmed with a camera: not made by AI.
    Filmed,
    /// Made by AI, and not fit to be shown.
    Illicit,
}

impl ContentKind {
    const ALL: [ContentKind; 18] = [
        ContentKind::Ordinary,
        ContentKind::Untagged,
        ContentKind::Early,
        ContentKind::Later,
        ContentKind::Live,
        ContentKind::Premiere,
        ContentKind::HiddenEngagement,
        ContentKind::HiddenViews,
        ContentKind::Unwatched,
        ContentKind::Fresh,
        ContentKind::NullViews,
        ContentKind::Bought,
        ContentKind::Removed,
        ContentKind::Vanishing,
        ContentKind::Private,
        ContentKind::Stranger,
        ContentKind::Filmed,
        ContentKind::Illicit,
    ];
}

/// The index behind an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ContentKey {
    /// The member that published it.
    pub(crate) member: u32,
    /// The task, as an index into all tasks of the world.
    pub(crate) task: u32,
    /// The number among this member's contents for the task.
    pub(crate) slot: u32,
    /// What it is like.
    pub(crate) kind: ContentKind,
}

impl ContentKey {
    fn packed(self) -> u64 {
        let mut packed = u64::from(self.member);
        packed = (packed << TASK_BITS) | u64::from(self.task);
        packed = (packed << SLOT_BITS) | u64::from(self.slot);
        (packed << KIND_BITS) | self.kind as u64
    }

    fn unpacked(mut packed: u64) -> Option<Self> {
        let mut take = |bits: u32| {
            let field = packed & ((1 << bits) - 1);
            packed >>= bits;
            field as u32
        };
        let kind = *ContentKind::ALL.get(take(KIND_BITS) as usize)?;
        let slot = take(SLOT_BITS);
        let task = take(TASK_BITS);
        let member = take(MEMBER_BITS);
        (packed == 0).then_some(Self { member, task, slot, kind })
    }
}

/// The permutation of one world.
#[derive(Clone, Debug)]
pub(crate) struct ContentIds {
    key: u64,
}

impl ContentIds {
    pub(crate) fn new(mut draw: Draw) -> Self {
        Self { key: draw.bits() }
    }

    /// The id of an index on a platform.
    pub(crate) fn encode(&self, platform: Platform, key: ContentKey) -> String {
        let bits = self.permute(platform, key.packed());
        match platform {
            Platform::YouTube => {
                // 64 bits in 11 characters: ten of six bits and a last one of four, as in real ids.
                let mut id = characters(bits >> 4, 10);
                id.push(char::from(ALPHABET[((bits & 15) << 2) as usize]));
                id
            }
            Platform::Instagram => char::from(REEL_PREFIX).to_string() + &characters(bits, 10),
        }
    }

    /// The index behind an id; none if this world never gave it out.
    pub(crate) fn decode(&self, platform: Platform, id: &str) -> Option<ContentKey> {
        let bytes = id.as_bytes();
        if bytes.len() != ID_LENGTH {
            return None;
        }
        let bits = match platform {
            Platform::YouTube => {
                let last = digit(bytes[10])?;
                (last & 3 == 0).then_some((number(&bytes[..10])? << 4) | (last >> 2))?
            }
            Platform::Instagram => (bytes[0] == REEL_PREFIX).then(|| number(&bytes[1..]))??,
        };
        ContentKey::unpacked(self.restore(platform, bits))
    }

    /// A balanced Feistel network over 64 bits (YouTube) or 60 (Instagram).
    fn permute(&self, platform: Platform, bits: u64) -> u64 {
        let half = half_bits(platform);
        let mask = (1u64 << half) - 1;
        let (mut left, mut right) = (bits >> half, bits & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (self.round(platform, round, right) & mask));
        }
        (left << half) | right
    }

    fn restore(&self, platform: Platform, bits: u64) -> u64 {
        let half = half_bits(platform);
        let mask = (1u64 << half) - 1;
        let (mut left, mut right) = (bits >> half, bits & mask);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ (self.round(platform, round, left) & mask), left);
        }
        (left << half) | right
    }

    fn round(&self, platform: Platform, round: u64, half: u64) -> u64 {
        mix(self.key ^ mix(half + (round << 40) + ((platform as u64) << 48)))
    }
}

fn half_bits(platform: Platform) -> u32 {
    match platform {
        Platform::YouTube => 32,
        Platform::Instagram => 30,
    }
}

fn characters(bits: u64, count: u32) -> String {
    (0..count).rev().map(|position| char::from(ALPHABET[((bits >> (6 * position)) & 63) as usize])).collect()
}

fn number(characters: &[u8]) -> Option<u64> {
    characters.iter().try_fold(0, |bits, &character| Some((bits << 6) | digit(character)?))
}

fn digit(character: u8) -> Option<u64> {
    ALPHABET.iter().position(|&known| known == character).map(|position| position as u64)
}
