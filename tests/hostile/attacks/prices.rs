//! What attacks pay: the figures that the tests assert, and that the table in docs/attacks.md has.

#![allow(dead_code, reason = "the tests and the example each use their own part")]

use tensorflix::config::{Config, Overrides};
use tensorflix_domain::policy::Policy;

/// The policy of a configuration file with these lines, as `replay --config` has it.
pub fn with_settings(lines: &str) -> Policy {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), lines).expect("written");
    let config = Config::load(Some(file.path()), std::iter::empty(), Overrides::default());
    config.expect("settings that are valid").policy()
}

/// The policy of all defences together, as `docs/defences.toml` has them.
pub fn with_all_defences() -> Policy {
    with_settings(include_str!("../../../docs/defences.toml"))
}

/// An attack that pays with the default settings: how much, and what is left of it with defences.
pub struct Residue {
    pub row: u8,
    /// What the attacker earns by default, as a multiple of its twin, at most.
    pub default_gain: f64,
    /// What it earns with all of `docs/defences.toml`, at most.
    pub defended_gain: f64,
    /// The defences, each alone.
    pub defences: &'static [Defence],
}

/// A defence against an attack.
pub struct Defence {
    /// Lines of a configuration file.
    pub settings: &'static str,
    /// What the attacker earns with them, as a multiple of its twin, at most.
    pub gain: f64,
}

/// Views count when they are three days old.
const SETTLING: &str = "[defences]\nsettling_hours = 72.0";
/// A video counts for nobody but the hotkey that its text names.
const FOREIGN_TAG: &str = "[defences]\nforeign_tag = \"reject\"";
/// A task that fewer than three owners know pays nothing.
const OWNERS: &str = "[defences]\nfewest_owners_per_task = 3";
const REQUIRED_TAG: &str = "[rules]\nownership_tag = \"required\"";

/// The rows that pay by default. docs/attacks.md has the same figures.
pub const RESIDUES: [Residue; 6] = [
    Residue {
        row: 13,
        default_gain: 2.15,
        defended_gain: 1.0,
        defences: &[Defence { settings: "[defences]\nfirst_sight_views = 100000", gain: 1.0 }],
    },
    Residue {
        row: 22,
        default_gain: 4.8,
        defended_gain: 1.0,
        defences: &[
            Defence { settings: OWNERS, gain: 1.0 },
            Defence { settings: "[defences]\ntask_floor_share = 1.0", gain: 2.2 },
        ],
    },
    Residue {
        row: 23,
        default_gain: 1.2,
        defended_gain: 1.0,
        defences: &[
            Defence { settings: REQUIRED_TAG, gain: 1.0 },
            Defence { settings: "[defences]\nscore_exponent = 0.5", gain: 1.2 },
        ],
    },
    Residue {
        row: 31,
        default_gain: 1.1,
        defended_gain: 1.0,
        defences: &[Defence { settings: FOREIGN_TAG, gain: 1.0 }, Defence { settings: REQUIRED_TAG, gain: 1.0 }],
    },
    Residue {
        row: 33,
        default_gain: 4.8,
        defended_gain: 1.0,
        defences: &[
            Defence { settings: OWNERS, gain: 1.0 },
            Defence { settings: "[defences]\ntask_floor_share = 1.0", gain: 2.2 },
        ],
    },
    Residue { row: 35, default_gain: 1.01, defended_gain: 1.0, defences: &[Defence { settings: SETTLING, gain: 1.0 }] },
];

/// No cap on what one person has in a task. Row 16 pays up to [`UNCAPPED_GAIN`] with it, and nothing by default.
pub const UNCAPPED: &str = "[defences]\nmax_per_coldkey_and_task = 0";

/// What the person of row 16 earns at most without any cap, as a multiple of its twin.
pub const UNCAPPED_GAIN: f64 = 1.7;

/// What the attacker of a row earns at most with the default settings, as a multiple of its twin. docs/attacks.md has the same
/// figures.
pub fn most_paid(row: u8) -> f64 {
    RESIDUES.iter().find(|residue| residue.row == row).map_or(1.0, |residue| residue.default_gain)
}

/// What one who leaves when the attack has been paid earns until then, at most, as a multiple of its twin in the same cycles: the
/// rows of the lab that have a leaver.
pub const LEAVERS: [(u8, f64); 4] = [(11, 2.4), (25, 1.2), (32, 3.5), (35, 1.9)];

/// What a rival earns for whom views are bought, as a multiple of what it earns without them: at least, so that nobody is hurt by
/// them, and at most.
pub const RIVALS_GAIN: (f64, f64) = (1.0, 1.15);

/// What the buyer earns of what the rival loses for a while, at most, as a multiple of its twin.
pub const RIVALS_BUYERS_GAIN: f64 = 1.005;

/// The same of the rival with all of `docs/defences.toml`, at least.
pub const RIVALS_DEFENDED_GAIN: f64 = 0.98;

/// What is left to others in a poisoned cohort, at least: of a score in a cycle, and of what a miner earns over all cycles.
pub const POISONED: (f64, f64) = (0.67, 0.997);
