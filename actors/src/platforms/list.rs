//! The platforms of this release, one line each.
//!
//! A process can add others before it reads its configuration ([`install`]). Everything that differs between platforms is
//! read from their specs.

use super::spec::PlatformSpec;
use super::{instagram, youtube};
use std::sync::OnceLock;
use tensorflix_domain::platform::{AlreadyInstalled, Platform};

/// Every platform of this release.
pub static PLATFORMS: [&PlatformSpec; 2] = [&youtube::SPEC, &instagram::SPEC];

/// What [`install`] was given first.
static INSTALLED: OnceLock<Vec<&'static PlatformSpec>> = OnceLock::new();

/// Replaces the platforms of the release for this process. Call it before a configuration is read.
///
/// # Errors
/// [`AlreadyInstalled`] if other platforms were installed before.
pub fn install(specs: &[&'static PlatformSpec]) -> Result<(), AlreadyInstalled> {
    let platforms: Vec<Platform> = specs.iter().map(|spec| spec.platform).collect();
    Platform::install(&platforms)?;
    let mut specs = specs.to_vec();
    specs.sort_by_key(|spec| spec.platform);
    INSTALLED.get_or_init(|| specs);
    Ok(())
}

/// Every platform of this process, in the order of reports.
pub fn registered() -> &'static [&'static PlatformSpec] {
    INSTALLED.get().map_or(&PLATFORMS, Vec::as_slice)
}

/// The spec of a platform, if it is registered.
#[must_use]
pub fn spec_of(platform: Platform) -> Option<&'static PlatformSpec> {
    registered().iter().copied().find(|spec| spec.platform == platform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platforms::spec::COMMON_KEYS;

    #[test]
    fn every_platform_states_its_settings_under_its_name_with_the_common_keys() {
        for spec in PLATFORMS {
            assert_eq!(spec.settings.section.name, spec.platform.name());
            for key in COMMON_KEYS {
                assert!(spec.settings.setting(key).is_some(), "{}.{key}", spec.platform);
            }
            assert!(!spec.key_variable().is_empty(), "{} has no variable for its key", spec.platform);
            let defaults = (spec.settings.defaults)();
            assert_eq!((spec.settings.refusal)(&defaults), None);
            assert!(PlatformSpec::rate(&defaults).requests_per_second > 0.0);
            assert!(!PlatformSpec::timeout(&defaults).is_zero());
        }
    }
}
