//! What protects a process that holds keys, before it does anything: its files are for their owner alone, whatever the
//! umask, and its memory is neither dumped nor read by other processes of the same user.

use crate::console::exit::say;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Permissions that no file and no folder of this process gets: all of the group's and of others'.
const NOBODY_ELSE: Mode = Mode::RWXG.union(Mode::RWXO);

/// Protects this process. What the system refuses is said, and is no reason not to start.
pub(crate) fn harden() {
    umask(NOBODY_ELSE);
    let warn = |what: &str, error: rustix::io::Errno| say(&format!("warning: {what} ({error})"));
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        warn("core dumps cannot be switched off", error);
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        warn("the memory of this process cannot be closed to others", error);
    }
}
