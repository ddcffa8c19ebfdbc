//! Whether others on this machine can read a file with a secret.

use super::error::WalletWarning;
use std::path::Path;

#[cfg(unix)]
pub(super) fn open_permissions(file: &Path, metadata: &std::fs::Metadata) -> Option<WalletWarning> {
    use std::os::unix::fs::PermissionsExt;
    const GROUP_OR_OTHERS: u32 = 0o077;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & GROUP_OR_OTHERS != 0).then(|| WalletWarning::OpenPermissions { file: file.to_owned(), mode })
}

#[cfg(not(unix))]
pub(super) fn open_permissions(_: &Path, _: &std::fs::Metadata) -> Option<WalletWarning> {
    None
}
