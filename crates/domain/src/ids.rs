//! Names: hotkeys, tasks and items.
//!
//! Each is parsed once, at the edge, by an exact ASCII grammar; inside the program a value of these types is valid.
//! Nothing here normalises: an alias (other case, a URL, a look-alike letter) is another id or no id at all.

use crate::platform::Platform;
use blake2::{Blake2b512, Digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Index of a neuron in its subnet, 0 to 65535; reused after a deregistration.
pub type Uid = u16;

/// Number of a block on chain.
pub type Block = u32;

/// SS58 address type of Substrate chains without one of their own, Bittensor among them.
const SS58_PREFIX: u8 = 42;

/// Longest task id that is read, in bytes. A longer one is a problem of its line.
pub const MAX_TASK_ID_BYTES: usize = 128;

/// The public key that a neuron signs with. Shown, stored and read as an SS58 address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hotkey([u8; 32]);

/// Why a text is not an SS58 address of this chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an SS58 address of a Bittensor key (48 characters that begin with 5)")]
pub struct NotAnAddress;

impl Hotkey {
    /// A hotkey from its 32-byte public key.
    pub const fn new(public_key: [u8; 32]) -> Self {
        Self(public_key)
    }

    /// The 32-byte public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    fn checksum(body: &[u8]) -> [u8; 2] {
        let mut hasher = Blake2b512::new();
        hasher.update(b"SS58PRE");
        hasher.update(body);
        let digest = hasher.finalize();
        [digest[0], digest[1]]
    }
}

impl fmt::Display for Hotkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0_u8; 35];
        bytes[0] = SS58_PREFIX;
        bytes[1..33].copy_from_slice(&self.0);
        let checksum = Self::checksum(&bytes[..33]);
        bytes[33..].copy_from_slice(&checksum);
        formatter.write_str(&bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for Hotkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Hotkey {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let mut bytes = [0_u8; 35];
        let length = bs58::decode(text).onto(&mut bytes[..]).map_err(|_| NotAnAddress)?;
        if length != bytes.len() || bytes[0] != SS58_PREFIX || Self::checksum(&bytes[..33]) != bytes[33..] {
            return Err(NotAnAddress);
        }
        let mut public_key = [0_u8; 32];
        public_key.copy_from_slice(&bytes[1..33]);
        Ok(Self(public_key))
    }
}

impl Serialize for Hotkey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hotkey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One video or reel: a platform and an id in that platform's grammar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawContentId")]
pub struct ContentId {
    platform: Platform,
    id: String,
}

/// An id outside its platform's grammar: the reason code `invalid_content_id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of an item on {platform}")]
pub struct InvalidContentId {
    /// The platform with the grammar that the id does not follow.
    pub platform: Platform,
}

#[derive(Deserialize)]
struct RawContentId {
    platform: Platform,
    id: String,
}

impl TryFrom<RawContentId> for ContentId {
    type Error = InvalidContentId;

    fn try_from(raw: RawContentId) -> Result<Self, InvalidContentId> {
        Self::new(raw.platform, &raw.id)
    }
}

impl ContentId {
    /// Checks the grammar of `platform`.
    ///
    /// # Errors
    /// [`InvalidContentId`] for anything outside the grammar; nothing is trimmed or normalised.
    pub fn new(platform: Platform, id: &str) -> Result<Self, InvalidContentId> {
        if platform.accepts(id) { Ok(Self { platform, id: id.to_owned() }) } else { Err(InvalidContentId { platform }) }
    }

    /// The platform it is published on.
    pub const fn platform(&self) -> Platform {
        self.platform
    }

    /// The id as the platform writes it.
    pub fn as_str(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.platform, self.id)
    }
}

/// The id that a validator gave a task: 1 to [`MAX_TASK_ID_BYTES`] bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

/// A task id that is empty, too long or has control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a task id (1 to {MAX_TASK_ID_BYTES} bytes, no control characters)")]
pub struct InvalidTaskId;

impl TryFrom<String> for TaskId {
    type Error = InvalidTaskId;

    fn try_from(text: String) -> Result<Self, InvalidTaskId> {
        if text.is_empty() || text.len() > MAX_TASK_ID_BYTES || text.chars().any(char::is_control) {
            return Err(InvalidTaskId);
        }
        Ok(Self(text))
    }
}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        Self::try_from(text.to_owned())
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}

impl TaskId {
    /// The id as its validator wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hotkey_survives_its_address_and_no_other_text_is_one() {
        // Alice of the well-known development keys.
        let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let hotkey: Hotkey = alice.parse().expect("an address");
        assert_eq!(hotkey.to_string(), alice);
        assert_eq!(hotkey.public_key()[..4], [0xd4, 0x35, 0x93, 0xc7]);
        for wrong in ["", "5Grwva", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ", &alice.to_lowercase(), "0x00"] {
            assert_eq!(wrong.parse::<Hotkey>(), Err(NotAnAddress), "{wrong:?}");
        }
    }

    #[test]
    fn content_ids_follow_an_exact_ascii_grammar() {
        let cases = [
            (Platform::YOUTUBE, "dQw4w9WgXcQ", true),
            (Platform::YOUTUBE, "-_-_-_-_-_-", true),
            (Platform::YOUTUBE, "dQw4w9WgXc", false),
            (Platform::YOUTUBE, "dQw4w9WgXcQQ", false),
            (Platform::YOUTUBE, "dQw4w9WgXc\n", false),
            (Platform::YOUTUBE, "dQw4w9WgXc ", false),
            (Platform::YOUTUBE, "../../../et", false),
            // Letters of other alphabets, where bytes are as many as in an id and where letters are: a Cyrillic es.
            (Platform::YOUTUBE, "dQw4w9WgXс", false),
            (Platform::YOUTUBE, "dQw4w9WgXс1", false),
            (Platform::YOUTUBE, "\u{1b}[31mdQw4w9", false),
            (Platform::INSTAGRAM, "C8xYz", true),
            (Platform::INSTAGRAM, "C8xY", false),
            (Platform::INSTAGRAM, &"a".repeat(40), true),
            (Platform::INSTAGRAM, &"a".repeat(41), false),
            (Platform::INSTAGRAM, "a'b\"c<d", false),
        ];
        for (platform, id, accepted) in cases {
            assert_eq!(ContentId::new(platform, id).is_ok(), accepted, "{platform} {id:?}");
        }
    }

    #[test]
    fn a_stored_content_id_is_checked_when_it_is_read_back() {
        assert!(serde_json::from_str::<ContentId>(r#"{"platform":"youtube","id":"dQw4w9WgXcQ"}"#).is_ok());
        assert!(serde_json::from_str::<ContentId>(r#"{"platform":"youtube","id":"../x"}"#).is_err());
    }

    #[test]
    fn task_ids_have_bounds() {
        assert!("task-1".parse::<TaskId>().is_ok());
        for wrong in ["", "a\nb", "\u{0}", &"x".repeat(MAX_TASK_ID_BYTES + 1)] {
            assert!(wrong.parse::<TaskId>().is_err(), "{wrong:?}");
        }
    }
}
