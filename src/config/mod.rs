//! The configuration: read once at the edge, checked whole, then plain typed values.
//!
//! Command line goes over environment, environment over file, file over defaults. Invariants:
//!
//! - A [`Config`] that exists is within all bounds; its users check nothing again.
//! - All problems are reported at once, each with its place and what is allowed.
//! - Nothing unknown is ignored: a misspelt key is refused with the nearest known name.
//! - Secrets are kept separately, in [`Secrets`], come from the environment or from files named in settings, and are never shown.
//! - A profile (`rules.profile`) gives defaults to several settings; one that is given itself overrides it.
//! - A setting is declared once, in `sections/` or by its platform; `config.toml` and `docs/settings.md` are generated from that.
//!
//! Reading has no effect on the process: it can be repeated while the validator runs, and an error changes nothing.
//! It does not check wallets, endpoints or disks: `doctor` does.
//!
//! # To add a setting
//!
//! 1. State it in its section in `sections/`, or in the folder of its platform: `/// What it is for.` and
//!    `name: Type = default, terms;`.
//! 2. Its terms are `integer`, `number`, `one_of`, `text` or `list`, then `.unit`, `.variable` or `.reloads` where they apply.
//! 3. A word of its own is an enum in `sections/choices.rs`; a form of text is a constant in `sections/forms.rs`.
//! 4. Write the two files: `TENSORFLIX_WRITE=1 cargo test -p tensorflix --lib config::tests::generated`.
//! 5. Use `config.section.name`. With `.reloads()`, let something follow it in `Tuning`.

pub mod cut;
mod load;
mod platforms;
mod policy;
mod problem;
mod profile;
mod schema;
mod secret_sources;
mod secrets;
mod sections;
mod sources;
mod together;
mod written;

#[cfg(test)]
mod tests;

pub use load::{DEFAULT_PATH, environment};
pub use platforms::{PlatformSettings, Platforms};
pub use problem::{ConfigError, Origin, Problem};
pub use schema::reloads;
pub use secrets::Secrets;
pub use sections::{
    Compatibility, Config, GithubSettings, HttpSettings, LogFormat, LogLevel, LogSettings, NetworkSettings,
    OpenaiSettings, RulesSettings, SightengineSettings, StoreSettings, SupervisionOverride, SupervisionSettings,
    ValidatorSettings, VerifierSettings, WalletSettings, WebhookSettings, WeightsSettings,
};
pub use sources::Overrides;
