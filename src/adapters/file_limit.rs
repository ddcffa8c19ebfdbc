//! How many files and connections the process may have open at one time.
//!
//! Systems start programs with a low limit and let them raise it themselves, up to a higher one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the system lets this process. One that cannot be raised stays as it is.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused where the highest limit is above what the kernel takes: then the lower one holds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// The limit now.
pub fn current() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
