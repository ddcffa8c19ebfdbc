//! The platforms of this release: a line each.

use super::spec::PlatformSpec;
use super::{instagram, youtube};
use tensorflix_domain::platform::Platform;

/// Every platform of this release.
pub static PLATFORMS: [&PlatformSpec; 2] = [&youtube::SPEC, &instagram::SPEC];

/// The spec of a platform, if it is registered.
#[must_use]
pub fn spec_of(platform: Platform) -> Option<&'static PlatformSpec> {
    PLATFORMS.into_iter().find(|spec| spec.platform == platform)
}
