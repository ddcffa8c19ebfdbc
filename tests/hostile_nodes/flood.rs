//! Notifications without end: the endpoint is left, and the weights are sent. What they cost until then, and where there is no
//! other endpoint, is tested in paused time where they are read (`crates/chain/src/connection/notifications.rs`).

use crate::world::{Decided, Life, PATIENCE, World, patient};
use tensorflix_chain::Tolerances;

#[test]
fn an_endpoint_that_floods_is_left_and_said_why_and_the_weights_are_sent() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _context = runtime.enter();
    let world = runtime.block_on(async { World::start(&Decided::new().await).await });
    let logs = tensorflix_testkit::logs::Logs::capture();
    // Nothing but the flood is a reason to leave it, and it is not come back to before the end.
    let tolerances = Tolerances { recheck_interval: PATIENCE * 4, ..patient() };
    world.live_with(tolerances, &[&world.bad, &world.good], async |life: &Life| {
        let is_settled = async || life.is_settled(&world).await;
        world.next_window(None);
        life.while_blocks_come(&world, "no weights before the flood", is_settled).await;
        world.bad.flood(true);
        let is_told = async || !logs.lines(&["WARN", "an endpoint of the chain is not used", "floods"]).is_empty();
        life.while_blocks_come(&world, "the flooding endpoint is not left", is_told).await;
        world.next_window(None);
        life.while_blocks_come(&world, "no weights after the flood", is_settled).await;
        assert_eq!(world.sent(), 1);
        assert_eq!(life.client.endpoint().await, Ok(world.good.url()));
    });
}
