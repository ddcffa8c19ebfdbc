//! Notifications without end: the endpoint is left, and the weights are sent. What they cost until then, and where there is no
//! other endpoint, is tested in paused time where they are read (`crates/chain/src/notifications.rs`).

use crate::world::{Decided, Life, World};
use std::time::Duration;
use tensorflix_chain::Tolerances;

#[test]
fn an_endpoint_that_floods_is_left_and_said_why_and_the_weights_are_sent() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _context = runtime.enter();
    let world = runtime.block_on(async { World::start(&Decided::new().await).await });
    let logs = crate::logs::Logs::capture();
    // On a busy machine it may be left for being slow first, and is come back to soon.
    let tolerances = Tolerances { recheck_interval: Duration::from_secs(5), ..Tolerances::default() };
    world.live_with(tolerances, &[&world.bad, &world.good], async |life: &Life| {
        for window in 0..2 {
            world.next_window(None);
            world.bad.flood(true);
            let what = format!("no weights in window {window}");
            life.while_blocks_come(&world, &what, async || life.is_settled(&world).await).await;
            assert_eq!(world.sent(), 1);
        }
        let is_told = async || !logs.lines(&["WARN", "an endpoint of the chain is not used", "floods"]).is_empty();
        life.while_blocks_come(&world, "the flooding endpoint is not left", is_told).await;
    });
}
