//! Protects a process that holds keys, before it does anything: only the owner can read its files, whatever the umask, and its
//! memory is neither dumped nor read by other processes of the same user.

use crate::console::exit::say;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Permissions that no file or folder of this process gets: all those of the group and of others.
const NOBODY_ELSE: Mode = Mode::RWXG.union(Mode::RWXO);

/// Protects this process. If the system refuses a step, a warning is printed, and the process starts anyway.
pub(crate) fn harden() {
    umask(NOBODY_ELSE);
    let warn = |what: &str, error: rustix::io::Errno| say(&format!("warning: {what} ({error})"));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        warn("cannot switch off core dumps", error);
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        warn("cannot protect the memory of this process from other processes", error);
    }
}
