//! Finds sections and settings by name.

use super::sections::sections;
use tensorflix_actors::platforms::registered;
use tensorflix_settings::{Section, Setting};

/// The section that holds a sub-section for each actor, with the keys of [`SUPERVISION`].
pub(super) const ACTORS: &str = "actors";
/// The section with the keys that an actor's own section overrides.
pub(super) const SUPERVISION: &str = "supervision";
/// The actors that may have a section, in the order of the flow.
pub(super) fn actor_names() -> Vec<&'static str> {
    let platforms = registered().iter().map(|spec| spec.platform.name());
    let before = ["chain_watcher", "gist_fetcher"].into_iter();
    before.chain(platforms).chain(["verifier", "scorer", "weight_setter"]).collect()
}

/// All settings, each with the name of its section.
pub(super) fn settings() -> impl Iterator<Item = (&'static str, &'static Setting)> {
    sections().flat_map(|section| section.settings.iter().map(move |setting| (section.name, setting)))
}

/// A section by name; that of an actor (`actors.<name>`) has the settings of [`SUPERVISION`].
pub(super) fn section(name: &str) -> Option<Section> {
    let name = match name.strip_prefix("actors.") {
        Some(actor) if actor_names().contains(&actor) => SUPERVISION,
        _ => name,
    };
    sections().find(|section| section.name == name)
}

/// A setting by its section and key.
pub(super) fn find(section_name: &str, key: &str) -> Option<&'static Setting> {
    section(section_name)?.settings.iter().find(|setting| setting.key == key)
}

/// The first section that has this key, to suggest it when the section is missing.
pub(super) fn section_with(key: &str) -> Option<&'static str> {
    settings().find(|(_, setting)| setting.key == key).map(|(section, _)| section)
}

/// Whether a reload (SIGHUP) applies a setting, named `section.key`; otherwise a restart does.
pub fn reloads(name: &str) -> bool {
    name.split_once('.').and_then(|(section, key)| find(section, key)).is_some_and(|setting| setting.terms.reloads)
}
