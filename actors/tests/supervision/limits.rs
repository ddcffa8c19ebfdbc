//! Restart limits: pauses that double, and what happens to an actor that exceeds them.

use super::{ENDS, End, Patient};
use std::time::Duration;
use tensorflix_actors::supervision::REST;
use tensorflix_testkit::time::{pass, settle, simulate};

#[test]
fn pauses_double_and_the_window_slides() {
    simulate(async {
        let mut patient = Patient::optional();
        let mut away = Vec::new();
        for _ in 0..3 {
            away.push(patient.end(End::PanicInHandler).await);
        }
        assert_eq!(away, [100, 200, 400]);
        pass(Duration::from_secs(3_601)).await;
        assert_eq!(patient.end(End::PanicInHandler).await, 100, "the earlier restarts are out of the window");
    });
}

#[test]
fn an_optional_actor_that_fails_again_and_again_rests_and_is_tried_again() {
    for end in ENDS {
        simulate(async move {
            let mut patient = Patient::optional();
            for _ in 0..3 {
                patient.end(end).await;
            }
            assert_eq!(patient.end(end).await, REST.as_millis(), "{end:?}");
            assert_eq!(patient.end(end).await, 100, "{end:?}: it begins with a clean record");
            assert_eq!(patient.stats.read().restarts, 5);
        });
    }
}

#[test]
fn an_actor_that_rests_says_so_until_it_is_tried_again() {
    simulate(async {
        let mut patient = Patient::optional();
        for _ in 0..3 {
            patient.end(End::PanicInHandler).await;
        }
        assert!(!patient.stats.read().is_resting);
        patient.address.do_send(End::PanicInHandler);
        settle().await;
        assert!(patient.stats.read().is_resting);
        pass(REST).await;
        settle().await;
        assert!(!patient.stats.read().is_resting);
    });
}

#[test]
fn a_core_actor_that_fails_again_and_again_ends_the_process() {
    for end in ENDS {
        simulate(async move {
            let (mut patient, mut escalations) = Patient::core();
            for _ in 0..3 {
                patient.end(end).await;
            }
            assert!(escalations.try_recv().is_err(), "{end:?}: the limit is not exceeded yet");
            patient.address.do_send(end);
            settle().await;
            assert_eq!(escalations.try_recv(), Ok("fragile"), "{end:?}");
            pass(Duration::from_secs(86_400)).await;
            assert_eq!(patient.stats.read().restarts, 3, "{end:?}: it is not restarted behind the process's back");
        });
    }
}
