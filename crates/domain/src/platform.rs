//! Platforms, as the rules see them: names, grammars of ids, plausible times.
//!
//! A platform is its [`PlatformRules`], written once beside the code that sends requests to it. The process sets the
//! platforms that it knows once, at its start ([`Platform::install`]); any other name is not a platform. The default is
//! those of the subnet.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::OnceLock;

/// What the rules know of a platform.
#[derive(Debug)]
pub struct PlatformRules {
    /// The name in gists, JSON, settings, the store and the log.
    pub name: &'static str,
    /// The name as people write it.
    pub title: &'static str,
    /// What is published there, in the singular: `video`, `reel`.
    pub content: &'static str,
    /// Its place in reports, from 0: platforms are ordered by it.
    pub place: u16,
    /// Length of its items' ids; ids are of `[A-Za-z0-9_-]`.
    pub id_lengths: RangeInclusive<usize>,
    /// Nothing was published there before: Unix time in milliseconds.
    pub since_unix_ms: i64,
    /// Whether it counts plays beside views, so that `view_metric` chooses between them.
    pub counts_plays: bool,
}

/// The platform that an item is published on.
#[derive(Clone, Copy)]
pub struct Platform(&'static PlatformRules);

static YOUTUBE: PlatformRules = PlatformRules {
    name: "youtube",
    title: "YouTube",
    content: "video",
    place: 0,
    id_lengths: 11..=11,
    // 2005-02-14, when YouTube was founded.
    since_unix_ms: 1_108_339_200_000,
    counts_plays: false,
};

static INSTAGRAM: PlatformRules = PlatformRules {
    name: "instagram",
    title: "Instagram",
    content: "reel",
    place: 1,
    id_lengths: 5..=40,
    // 2010-07-16, the day of the first post on Instagram.
    since_unix_ms: 1_279_238_400_000,
    counts_plays: true,
};

/// The platforms of the first call of [`Platform::install`].
static INSTALLED: OnceLock<Vec<Platform>> = OnceLock::new();

/// Other platforms are already installed in this process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("other platforms are in use already ({0})")]
pub struct AlreadyInstalled(String);

impl Platform {
    /// Videos and Shorts.
    pub const YOUTUBE: Self = Self(&YOUTUBE);
    /// Reels.
    pub const INSTAGRAM: Self = Self(&INSTAGRAM);

    /// The platform with these rules.
    pub const fn new(rules: &'static PlatformRules) -> Self {
        Self(rules)
    }

    /// Sets the platforms that this process knows, in any order. The call may be repeated with the same ones.
    ///
    /// # Errors
    /// [`AlreadyInstalled`] if others were set before.
    pub fn install(platforms: &[Self]) -> Result<(), AlreadyInstalled> {
        let mut sorted = platforms.to_vec();
        sorted.sort_unstable();
        let known = INSTALLED.get_or_init(|| sorted.clone());
        if *known == sorted { Ok(()) } else { Err(AlreadyInstalled(names(known))) }
    }

    /// Every platform that is known, in the order of reports.
    pub fn known() -> &'static [Self] {
        static OF_THE_SUBNET: [Platform; 2] = [Platform::YOUTUBE, Platform::INSTAGRAM];
        INSTALLED.get().map_or(&OF_THE_SUBNET, Vec::as_slice)
    }

    /// Its rules.
    pub const fn rules(self) -> &'static PlatformRules {
        self.0
    }

    /// The name in gists, JSON, settings, the store and the log.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether `id` is in the grammar of this platform's content ids.
    pub fn accepts(self, id: &str) -> bool {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        self.0.id_lengths.contains(&id.len()) && id.bytes().all(is_allowed)
    }

    /// The grammar of its content ids in words, such as `11 of A-Z a-z 0-9 _ -`.
    pub fn grammar(self) -> String {
        let (least, most) = (self.0.id_lengths.start(), self.0.id_lengths.end());
        let lengths = if least == most { least.to_string() } else { format!("{least} to {most}") };
        format!("{lengths} of A-Z a-z 0-9 _ -")
    }
}

fn names(platforms: &[Platform]) -> String {
    platforms.iter().map(|platform| platform.name()).collect::<Vec<_>>().join(", ")
}

impl PartialEq for Platform {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Platform {}

impl Ord for Platform {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.place, self.name()).cmp(&(other.0.place, other.name()))
    }
}

impl PartialOrd for Platform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Platform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.title)
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        Self::known().iter().copied().find(|platform| platform.name() == text).ok_or_else(UnknownPlatform::now)
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A name that is none of [`Platform::known`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform (known: {known})")]
pub struct UnknownPlatform {
    known: String,
}

impl UnknownPlatform {
    fn now() -> Self {
        Self { known: names(Platform::known()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_known_by_their_names_and_ordered_by_their_places() {
        assert_eq!(Platform::known(), [Platform::YOUTUBE, Platform::INSTAGRAM]);
        assert!(Platform::YOUTUBE < Platform::INSTAGRAM);
        for platform in Platform::known() {
            assert_eq!(platform.name().parse(), Ok(*platform));
            let json = serde_json::to_string(platform).expect("JSON");
            assert_eq!(json, format!("\"{platform}\""));
            assert_eq!(serde_json::from_str::<Platform>(&json).expect("a platform"), *platform);
        }
        let unknown = "YouTube".parse::<Platform>().expect_err("no platform");
        assert_eq!(unknown.to_string(), "unknown platform (known: youtube, instagram)");
        assert!(serde_json::from_str::<Platform>("\"vimeo\"").is_err());
    }

    #[test]
    fn the_grammar_is_said_as_it_is() {
        assert_eq!(Platform::YOUTUBE.grammar(), "11 of A-Z a-z 0-9 _ -");
        assert_eq!(Platform::INSTAGRAM.grammar(), "5 to 40 of A-Z a-z 0-9 _ -");
    }
}
