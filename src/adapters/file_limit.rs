//! How many files and connections the process may have open at one time.
//!
//! Systems start programs with a low limit and let them raise it themselves, up to a higher one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit as far as the system allows. If that fails, the limit is not changed.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused where the highest limit is above what the kernel accepts: then the lower limit remains.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// The limit now.
pub fn current() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
