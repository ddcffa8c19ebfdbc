//! Heartbeats and the watchdog: an actor or a thread that does not respond is noticed.

use super::{Hang, Patient, Say};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tensorflix_actors::supervision::watchdog::{Watch, Watchdog};
use tensorflix_actors::supervision::{HEARTBEAT_DEADLINE, HEARTBEAT_PERIOD};
use tensorflix_testkit::time::{pass, simulate};

#[test]
fn an_actor_that_takes_no_messages_is_restarted_and_its_queue_survives() {
    simulate(async {
        let mut patient = Patient::optional();
        patient.address.do_send(Hang);
        patient.address.do_send(Say(1));
        pass(HEARTBEAT_DEADLINE).await;
        assert_eq!(patient.heard.so_far().await, [], "it is given its time");
        pass(HEARTBEAT_PERIOD + Duration::from_secs(1)).await;
        assert_eq!(patient.heard.so_far().await, [Say(1)]);
        assert_eq!(patient.stats.read().restarts, 1);
        pass(Duration::from_secs(3_600)).await;
        assert_eq!(patient.stats.read().restarts, 1, "one that answers is not restarted");
    });
}

#[test]
fn heartbeats_keep_no_actor_alive() {
    simulate(async {
        let Patient { world: _world, address, stats, .. } = Patient::optional();
        pass(HEARTBEAT_PERIOD * 3 / 2).await;
        drop(address);
        pass(Duration::from_secs(3_600)).await;
        assert_eq!((stats.read().restarts, Arc::strong_count(&stats)), (0, 1));
    });
}

#[test]
fn a_blocked_thread_is_noticed_from_another_one_and_a_busy_one_is_not() {
    /// Where the watchdog tells the test; a watch takes no state.
    static TOLD: Mutex<Option<std::sync::mpsc::Sender<()>>> = Mutex::new(None);
    fn tell() {
        let told = TOLD.lock().expect("no panic while locked").take().expect("told once");
        told.send(()).expect("the test waits");
    }
    let (sender, told) = std::sync::mpsc::channel();
    *TOLD.lock().expect("no panic while locked") = Some(sender);
    actix_rt::System::new().block_on(async {
        let watch = Watch { period: Duration::from_millis(1), most_silent_looks: 2_000, when_blocked: tell };
        let dog = Watchdog::watch_this_thread(watch).expect("a thread");
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        assert!(told.try_recv().is_err(), "the thread goes on");
        // This blocks the thread until the watchdog has noticed.
        told.recv_timeout(Duration::from_secs(120)).expect("noticed");
        drop(dog);
    });
}
