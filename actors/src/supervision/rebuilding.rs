//! How a supervised actor is replaced by a new one at the same address.
//!
//! actix owns the actor together with its queue, and gives access to it in one place:
//! [`Supervised::restarting`](actix::Supervised). There [`rebuild`] replaces the old actor by a new one from the
//! supervisor's factory. Actors implement this by [`supervised!`](crate::supervised), and keep no state.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

/// Makes an actor, as often as one is needed.
pub(super) type Factory<A> = Rc<dyn Fn() -> A>;

thread_local! {
    /// The factory of the actor that is being restarted on this thread.
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

/// Replaces `actor` by a new one. The state of the old one is dropped.
///
/// # Panics
/// If the actor is not restarted by a supervisor of this module: actix's own has no factory.
pub fn rebuild<A: 'static>(actor: &mut A) {
    let offered = FACTORY.take().and_then(|factory| factory.downcast::<Factory<A>>().ok());
    assert!(offered.is_some(), "an actor is rebuilt outside of `supervision::supervise`");
    if let Some(factory) = offered {
        *actor = factory();
    }
}

/// Implements supervision for an actor without type parameters: it answers heartbeats, and a restart builds a new one.
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
