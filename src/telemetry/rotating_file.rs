//! The log file: its name never changes, its size is bounded, and its failures affect nothing else.
//!
//! `file-rotate` renames and deletes; when to rotate is decided here, before a line and not after, so that lines stay
//! whole and the bound holds. That library panics where a directory is gone or not ours, so each call into it is
//! caught and counts as a failure.
//!
//! Other programs may rotate it too, as logrotate does: each write first checks whether the name still leads to the open file
//! (`create`), and whether that file has become shorter (`copytruncate`).

use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate, compression::Compression};
use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Permissions of what is made here.
const FILE_FOR_THE_OWNER: u32 = 0o600;
const FOLDER_FOR_THE_OWNER: u32 = 0o700;

/// How long to wait before a file that failed is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// A sink for whole lines. While the file cannot be written, lines fail; the file is tried again from time to time.
pub(super) struct RotatingFile {
    path: PathBuf,
    max_bytes: u64,
    keep: usize,
    state: State,
    reported: bool,
    report: Box<dyn Fn(&io::Error) + Send>,
    /// Whether the file is to be opened again.
    must_reopen: Arc<AtomicBool>,
}

/// Asks for a log file to be opened again before its next line.
#[derive(Clone, Debug)]
pub(super) struct Reopening(Arc<AtomicBool>);

impl Reopening {
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The identity of a file, independent of its name: its device and its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

enum State {
    Open { file: Box<FileRotate<AppendCount>>, identity: Identity, size_bytes: u64 },
    Failed { since: Instant },
}

impl RotatingFile {
    /// Opens the file, to which lines are appended. `report` is called at the first failure of this and each later
    /// row of failures.
    pub fn new(path: PathBuf, max_bytes: u64, keep: usize, report: Box<dyn Fn(&io::Error) + Send>) -> Self {
        let path = std::path::absolute(&path).unwrap_or(path);
        let state = State::Failed { since: Instant::now() };
        let mut file = Self { path, max_bytes, keep, state, reported: false, report, must_reopen: Arc::default() };
        if let Err(error) = file.open() {
            file.fail(&error);
        }
        file
    }

    /// How to ask for the file to be opened again.
    pub fn reopening(&self) -> Reopening {
        Reopening(Arc::clone(&self.must_reopen))
    }

    fn open(&mut self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(FOLDER_FOR_THE_OWNER).create(directory)?;
        }
        // The library keeps silent about a file that it cannot open, so it is opened here first.
        let opened = for_the_owner().open(&self.path)?;
        let metadata = opened.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file; log.file = \"\" switches the file off"));
        }
        let (identity, size_bytes) = (Identity::of(&metadata), metadata.len());
        let options = Some(for_the_owner());
        let file = caught(|| {
            Ok(FileRotate::new(&self.path, AppendCount::new(self.keep), ContentLimit::None, Compression::None, options))
        })?;
        self.state = State::Open { file: Box::new(file), identity, size_bytes };
        Ok(())
    }

    /// Makes sure that what is open is the file of that name.
    fn keep_open(&mut self) -> io::Result<()> {
        let is_asked = self.must_reopen.swap(false, Ordering::Relaxed);
        match &mut self.state {
            State::Failed { since } if !is_asked && since.elapsed() < TRY_AGAIN_AFTER => {
                Err(io::Error::other("failed a moment ago"))
            }
            State::Failed { .. } => self.open(),
            State::Open { identity, size_bytes, .. } => match std::fs::metadata(&self.path) {
                Ok(metadata) if !is_asked && Identity::of(&metadata) == *identity => {
                    // Shorter than what was written to it: somebody has emptied it.
                    *size_bytes = metadata.len().min(*size_bytes);
                    Ok(())
                }
                // Somebody removed or moved it, and what is written would be lost with it.
                _ => self.open(),
            },
        }
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.keep_open()?;
        let State::Open { file, identity, size_bytes } = &mut self.state else {
            return Err(io::Error::other("not open"));
        };
        let length = line.len() as u64;
        if *size_bytes > 0 && size_bytes.saturating_add(length) > self.max_bytes {
            *identity = rotate(file, &self.path)?;
            *size_bytes = 0;
        }
        caught(|| file.write_all(line))?;
        *size_bytes += length;
        self.reported = false;
        Ok(())
    }

    fn fail(&mut self, error: &io::Error) {
        // The time of an earlier failure is kept: the next try waits from then on.
        if !matches!(self.state, State::Failed { since } if since.elapsed() < TRY_AGAIN_AFTER) {
            self.state = State::Failed { since: Instant::now() };
        }
        if !self.reported {
            self.reported = true;
            (self.report)(error);
        }
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.append(line) {
            Ok(()) => Ok(line.len()),
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Open { file, .. } => caught(|| file.flush()),
            State::Failed { .. } => Ok(()),
        }
    }
}

/// How log files are opened: for their owner alone, and without waiting for the other end of a pipe.
fn for_the_owner() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    options.read(true).create(true).append(true).mode(FILE_FOR_THE_OWNER).custom_flags(flags);
    options
}

/// Gives the file that is open then.
fn rotate(file: &mut FileRotate<AppendCount>, path: &Path) -> io::Result<Identity> {
    caught(|| file.rotate())?;
    // As above: the library does not say when it could not open the next file.
    let metadata = std::fs::metadata(path).map_err(|_| io::Error::other("the next file cannot be created"))?;
    Ok(Identity::of(&metadata))
}

fn caught<T>(call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(io::Error::other("its directory cannot be used")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    const MAX_BYTES: u64 = 1000;
    const KEEP: usize = 3;

    /// A file in a directory, and how often it reported a failure.
    fn open(path: &Path) -> (RotatingFile, Arc<AtomicUsize>) {
        let reports = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&reports);
        let report = Box::new(move |_: &io::Error| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        (RotatingFile::new(path.to_owned(), MAX_BYTES, KEEP, report), reports)
    }

    fn sizes(directory: &Path) -> Vec<(String, u64)> {
        let mut sizes: Vec<_> = std::fs::read_dir(directory)
            .expect("a directory")
            .map(|entry| {
                let entry = entry.expect("an entry");
                (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("a size").len())
            })
            .collect();
        sizes.sort();
        sizes
    }

    #[test]
    fn the_name_stays_the_size_is_bounded_and_lines_stay_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("v.log");
        let (mut file, reports) = open(&path);
        for number in 0..500 {
            file.write_all(format!("line {number:04} {}\n", "x".repeat(40)).as_bytes()).expect("written");
            let total: u64 = sizes(directory.path()).iter().map(|(_, size)| size).sum();
            assert!(total <= MAX_BYTES * (KEEP as u64 + 1), "{total}");
        }
        let names: Vec<_> = sizes(directory.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["v.log", "v.log.1", "v.log.2", "v.log.3"]);
        for name in names {
            let text = std::fs::read_to_string(directory.path().join(name)).expect("a text");
            assert!(text.lines().all(|line| line.starts_with("line ") && line.len() == 50), "{text}");
        }
        assert!(std::fs::read_to_string(&path).expect("a text").contains("line 0499"), "the newest line is there");
        assert_eq!(reports.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn its_files_and_folders_are_for_their_owner_alone_also_after_a_rotation() {
        let directory = tempfile::tempdir().expect("a directory");
        let folder = directory.path().join("deep");
        let (mut file, _) = open(&folder.join("v.log"));
        for _ in 0..3 {
            file.write_all(&[b'x'; 900]).expect("written");
        }
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for name in ["v.log", "v.log.1", "v.log.2"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn what_is_there_is_appended_to_and_counts() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("v.log");
        std::fs::write(&path, "x".repeat(990) + "\n").expect("written");
        let (mut file, _) = open(&path);
        file.write_all(b"short\n").expect("written");
        file.write_all(b"not so short\n").expect("written");
        assert_eq!(sizes(directory.path()), [("v.log".to_owned(), 13), ("v.log.1".to_owned(), 997)]);
    }

    #[test]
    fn a_file_that_was_removed_comes_back_also_with_its_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("deep/er/v.log");
        let (mut file, _) = open(&path);
        file.write_all(b"one\n").expect("written");
        std::fs::remove_dir_all(directory.path().join("deep")).expect("removed");
        file.write_all(b"two\n").expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("a text"), "two\n");
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).expect("a text")
    }

    #[test]
    fn whoever_rotates_it_from_outside_loses_no_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, moved) = (directory.path().join("v.log"), directory.path().join("v.log-20261127"));
        let (mut file, reports) = open(&path);
        file.write_all(b"one\n").expect("written");
        // logrotate with `create`: the name leads to a new, empty file.
        std::fs::rename(&path, &moved).expect("moved");
        std::fs::write(&path, "").expect("created");
        file.write_all(b"two\n").expect("written");
        assert_eq!((text(&moved), text(&path)), ("one\n".to_owned(), "two\n".to_owned()), "create");
        // With `nocreate`, and once more with another file that exists there already.
        std::fs::rename(&path, &moved).expect("moved");
        file.write_all(b"three\n").expect("written");
        assert_eq!((text(&moved), text(&path)), ("two\n".to_owned(), "three\n".to_owned()), "nocreate");
        let other = directory.path().join("other");
        std::fs::write(&other, "theirs\n").expect("written");
        std::fs::rename(&other, &path).expect("replaced");
        file.write_all(b"four\n").expect("written");
        assert_eq!(text(&path), "theirs\nfour\n", "replaced");
        assert_eq!(reports.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_file_that_was_emptied_goes_on_at_its_beginning_and_counts_anew() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("v.log");
        let (mut file, _) = open(&path);
        for _ in 0..3 {
            file.write_all(&[b'x'; 600]).expect("written");
            // logrotate with `copytruncate`.
            std::fs::OpenOptions::new().write(true).truncate(true).open(&path).expect("emptied");
            file.write_all(b"short\n").expect("written");
            assert_eq!(text(&path), "short\n", "no hole at the beginning");
            assert_eq!(sizes(directory.path()).len(), 1, "nothing was rotated for what is gone");
            std::fs::OpenOptions::new().write(true).truncate(true).open(&path).expect("emptied");
        }
    }

    #[test]
    fn a_request_opens_it_again_also_while_a_failure_is_waited_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("v.log");
        std::fs::create_dir(&path).expect("a folder in its place");
        let (mut file, reports) = open(&path);
        let reopening = file.reopening();
        file.write_all(b"lost\n").expect_err("a folder");
        std::fs::remove_dir(&path).expect("removed");
        file.write_all(b"lost\n").expect_err("failed a moment ago");
        reopening.request();
        file.write_all(b"one\n").expect("opened again");
        reopening.request();
        file.write_all(b"two\n").expect("opened again");
        assert_eq!(text(&path), "one\ntwo\n");
        assert_eq!(reports.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_path_that_cannot_be_a_file_fails_and_is_reported_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let occupied = directory.path().join("occupied");
        std::fs::write(&occupied, "").expect("written");
        // A device above all: to rotate it would be to rename it.
        for path in [directory.path().to_owned(), occupied.join("v.log"), PathBuf::from("/dev/null")] {
            let (mut file, reports) = open(&path);
            for _ in 0..3 {
                assert!(file.write_all(b"lost\n").is_err());
            }
            assert_eq!(reports.load(Ordering::SeqCst), 1, "{}", path.display());
        }
    }

    #[test]
    fn a_rotation_that_cannot_be_done_fails_without_a_panic_or_growth() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("v.log");
        let (mut file, reports) = open(&path);
        file.write_all(&[b'x'; 999]).expect("written");
        // The rotated file's name is taken by a directory that is not empty, which the library does not know.
        std::fs::create_dir_all(directory.path().join("v.log.1/full")).expect("created");
        for _ in 0..3 {
            assert!(file.write_all(b"lost\n").is_err());
        }
        assert_eq!(std::fs::metadata(&path).expect("a size").len(), 999);
        assert_eq!(reports.load(Ordering::SeqCst), 1);
    }
}
