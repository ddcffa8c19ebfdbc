//! How a supervised actor is replaced by a new one at the same address.
//!
//! actix owns the actor together with its queue, and hands it out in one place: [`Supervised::restarting`](actix::Supervised).
//! There the supervisor's factory waits for it, and [`rebuild`] puts what it makes in the place of what a panic left. Actors
//! do so by [`supervised!`](crate::supervised), and keep nothing.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// Makes an actor, as often as one is needed.
pub(super) type Factory<A> = Rc<dyn Fn() -> A>;

thread_local! {
    /// The factory of the actor that is restarted right now on this thread.
    static FACTORY: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Runs `restart`, in which [`rebuild`] finds the factory.
pub(super) fn offering<A: 'static, T>(factory: &Factory<A>, restart: impl FnOnce() -> T) -> T {
    /// Takes the factory back, also when the restart panics.
    struct Offer;
    impl Drop for Offer {
        fn drop(&mut self) {
            FACTORY.take();
        }
    }
    FACTORY.set(Some(Box::new(Rc::clone(factory))));
    let _offer = Offer;
    restart()
}

/// Puts a new actor in the place of `actor`. What the old one held is dropped.
///
/// # Panics
/// If no supervisor of ours restarts the actor: actix's own knows no factory.
pub fn rebuild<A: 'static>(actor: &mut A) {
    let offered = FACTORY.take().and_then(|factory| factory.downcast::<Factory<A>>().ok());
    assert!(offered.is_some(), "an actor is rebuilt outside of `supervision::supervise`");
    if let Some(factory) = offered {
        *actor = factory();
    }
}

/// Makes an actor without type parameters fit for supervision: it answers heartbeats, and a restart builds a new one.
#[macro_export]
macro_rules! supervised {
    ($actor:ty) => {
        impl ::actix::Supervised for $actor {
            fn restarting(&mut self, _: &mut Self::Context) {
                $crate::supervision::rebuild(self);
            }
        }

        impl ::actix::Handler<$crate::supervision::Heartbeat> for $actor {
            type Result = ();

            fn handle(&mut self, _: $crate::supervision::Heartbeat, _: &mut Self::Context) {}
        }
    };
}
