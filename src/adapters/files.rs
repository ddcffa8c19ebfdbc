//! Files that commands write for people: completely or not at all, readable only by their owner, and replacing only regular files.
//!
//! A file is created exclusively under an unpredictable name in the folder of its target, and then renamed. So another user of
//! that folder cannot place a link there that would be followed.

use std::fmt;
use std::fs::DirBuilder;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use tempfile::Builder;

/// Prefix of the name of an unfinished file.
const UNFINISHED: &str = ".tensorflix-";

/// Permissions of folders that are made here.
const FOLDER_FOR_THE_OWNER: u32 = 0o700;

/// What exists under a file's name and is not replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A symbolic link.
    Link,
    /// A folder.
    Folder,
    /// A device, a pipe or a socket.
    Special,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Link => "it is a symbolic link, which is neither followed nor replaced",
            Self::Folder => "it is a folder",
            Self::Special => "it is a device, a pipe or a socket, and only a regular file is replaced",
        })
    }
}

/// What prevents writing a file of this name.
pub fn obstacle(path: &Path) -> Option<Obstacle> {
    let kind = std::fs::symlink_metadata(path).ok()?.file_type();
    if kind.is_symlink() {
        Some(Obstacle::Link)
    } else if kind.is_dir() {
        Some(Obstacle::Folder)
    } else if kind.is_file() {
        None
    } else {
        Some(Obstacle::Special)
    }
}

/// Writes a file, replacing a regular file of its name. It gets the name when it is complete.
///
/// # Errors
/// If something else has its name, or it cannot be written; nothing is left behind then.
pub fn write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if let Some(obstacle) = obstacle(path) {
        return Err(io::Error::new(ErrorKind::AlreadyExists, obstacle.to_string()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut writer = BufWriter::new(Builder::new().prefix(UNFINISHED).tempfile_in(folder)?);
    write(&mut writer)?;
    let unfinished = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// Creates a folder and its parents. An existing one must be a folder, not a link to one, and must be ours.
///
/// # Errors
/// If there is something else, or it cannot be made.
pub fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_FOR_THE_OWNER).create(path)?;
    let made = std::fs::symlink_metadata(path)?;
    let trouble = if !made.is_dir() {
        "it is a link to a folder, which is not followed"
    } else if made.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else {
        return Ok(());
    };
    Err(io::Error::new(ErrorKind::AlreadyExists, format!("{}: {trouble}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_cannot_be_written_to_its_end_leaves_the_earlier_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        write(&file, |writer| writer.write_all(b"first")).expect("written");
        write(&file, |writer| {
            writer.write_all(b"half")?;
            Err(io::Error::other("no more"))
        })
        .expect_err("refused");
        assert_eq!(std::fs::read(&file).expect("read"), b"first");
        write(&file, |writer| writer.write_all(b"second")).expect("replaced");
        assert_eq!(std::fs::read(&file).expect("read"), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_folder_that_is_a_link_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (own, link) = (folder.path().join("own/deep"), folder.path().join("link"));
        create_folder(&own).expect("made");
        create_folder(&own).expect("there already");
        symlink(&own, &link).expect("a link");
        assert!(create_folder(&link).expect_err("refused").to_string().contains("link"));
    }
}
