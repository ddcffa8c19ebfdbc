//! Which actors of a test are still alive. An actor that no address refers to has to end: one that outlives its test
//! would leak in a process that starts and stops actors, and keep its ports in use.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// Longest that actors may take to end what they are at, in the test's time: longer than any deadline of a request.
const LONGEST_END: Duration = Duration::from_secs(30 * 60);

/// A supervised actor: as long as its factory is held, it can be made again.
struct Living {
    name: &'static str,
    factory: Weak<()>,
}

thread_local! {
    static STARTED: RefCell<Vec<Living>> = const { RefCell::new(Vec::new()) };
}

/// A factory that notes its actor as alive until its supervisor drops it.
pub fn noted<A>(name: &'static str, make: impl Fn() -> A + 'static) -> impl Fn() -> A + 'static {
    let factory = Rc::new(());
    STARTED.with_borrow_mut(|started| started.push(Living { name, factory: Rc::downgrade(&factory) }));
    move || {
        let _held = &factory;
        make()
    }
}

/// The names of the actors on this thread that are still there once all had time to end.
pub async fn left_over() -> Vec<&'static str> {
    const STEP: Duration = Duration::from_secs(10);
    let mut waited = Duration::ZERO;
    loop {
        let left = still_there();
        if left.is_empty() || waited > LONGEST_END {
            return left;
        }
        tokio::time::sleep(STEP).await;
        waited += STEP;
    }
}

/// Forgets the actors of an earlier test on this thread.
pub fn forget() {
    STARTED.with_borrow_mut(Vec::clear);
}

fn still_there() -> Vec<&'static str> {
    STARTED.with_borrow_mut(|started| {
        started.retain(|living| living.factory.strong_count() > 0);
        started.iter().map(|living| living.name).collect()
    })
}
