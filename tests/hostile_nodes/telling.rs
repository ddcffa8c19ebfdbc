//! What the operator reads of an endpoint: once that it is left and why, once that it is used again.

use crate::proxy::{Rule, Wrong};
use crate::world::{Decided, LATE, Life, World, patient};

#[test]
fn leaving_an_endpoint_and_using_it_again_are_each_reported_once_with_the_reason() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let _context = runtime.enter();
    let world = runtime.block_on(async { World::start(&Decided::new().await).await });
    let logs = tensorflix_testkit::logs::Logs::capture();
    world.live_with(patient(), &[&world.bad, &world.good], async |life: &Life| {
        world.next_window(None);
        life.while_blocks_come(&world, "no weights", async || life.is_settled(&world).await).await;
        let methods = vec!["chain_getFinalizedHead"];
        world.next_window(Some(Rule { methods, wrong: Wrong::Garbage, other: ([0; 32], 0), late: LATE }));
        life.while_blocks_come(&world, "no weights", async || life.is_settled(&world).await).await;
        let uses = async |url: String| life.client.endpoint().await.is_ok_and(|endpoint| endpoint == url);
        life.while_blocks_come(&world, "the endpoint is not left", async || uses(world.good.url()).await).await;
        assert_eq!(of(&logs, &world, "is not used").len(), 1, "{:?}", of(&logs, &world, "is not used"));
        assert!(of(&logs, &world, "is not used")[0].contains("chain_getFinalizedHead"));
        world.bad.set(None);
        life.while_blocks_come(&world, "the endpoint is not used again", async || uses(world.bad.url()).await).await;
        assert_eq!(of(&logs, &world, "is used again").len(), 1);
    });
}

fn of(logs: &tensorflix_testkit::logs::Logs, world: &World, what: &str) -> Vec<String> {
    logs.lines(&["an endpoint of the chain", what, &world.bad.url()])
}
