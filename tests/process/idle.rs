//! What a validator costs while nothing happens: requests to its node, and bytes written to its store, counted over blocks of
//! a paced sandbox. `IDLE_BLOCKS=1000` measures longer.

use crate::support::folder;
use std::path::Path;
use std::time::Duration;
use tensorflix::console::reporter::Event;
use tensorflix::wiring::app::{App, Mode};
use tensorflix::wiring::sandbox_config;
use tensorflix_actors::scorer::Opening;
use tensorflix_sandbox::node::Pace;
use tensorflix_sandbox::{Sandbox, SandboxConfig};

/// Real time from one block to the next: enough for a validator to be done with each.
const PACE: Duration = Duration::from_millis(50);

/// Blocks that are counted: several rounds, and the beginning of a window.
const BLOCKS: u32 = 400;

/// Blocks of a day.
const DAY: u64 = 7_200;

/// Most bytes that an idle validator writes in a day.
const MOST_BYTES_A_DAY: u64 = 10_000_000;

fn requests(sandbox: &Sandbox) -> u64 {
    sandbox.counters().rpc.values().sum()
}

/// The length of the write-ahead log, which only grows as long as it is shorter than a thousand pages.
fn log_bytes(store: &Path) -> u64 {
    let mut log = store.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |file| file.len())
}

async fn wait_for_block(sandbox: &Sandbox, block: u32) {
    while sandbox.block() < block {
        tokio::time::sleep(PACE).await;
    }
}

#[test]
fn an_idle_validator_asks_its_node_once_a_block_at_most_and_writes_little() {
    let blocks = std::env::var("IDLE_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(BLOCKS);
    let folder = folder();
    actix_rt::System::new().block_on(async {
        let sandbox = Sandbox::start(SandboxConfig { pace: Pace::Every(PACE), ..SandboxConfig::default() });
        let sandbox = sandbox.await.expect("a sandbox");
        let config = sandbox_config::write(&sandbox, folder.path(), "idle.db").expect("written");
        let store = folder.path().join("idle.db");
        let mut app = App::start(&config, Mode { opening: Opening::Grid, dry_run: false }).await.expect("a validator");
        while !matches!(app.events.recv().await, Some(Event::Confirmed(_))) {}
        let begin = sandbox.block() + 50;
        wait_for_block(&sandbox, begin).await;
        let (asked, written, by_method) = (requests(&sandbox), log_bytes(&store), sandbox.counters().rpc);
        wait_for_block(&sandbox, begin + blocks).await;
        let (asked, written) = (requests(&sandbox) - asked, log_bytes(&store) - written);
        let by_method: Vec<(String, u64)> = sandbox
            .counters()
            .rpc
            .into_iter()
            .map(|(method, count)| (method.clone(), count - by_method.get(&method).copied().unwrap_or(0)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let a_day = written * DAY / u64::from(blocks);
        println!("{blocks} blocks: {asked} requests, {written} bytes of log ({a_day} a day); {by_method:?}");
        assert!(asked <= u64::from(blocks), "{asked} requests in {blocks} blocks: {by_method:?}");
        assert!(a_day <= MOST_BYTES_A_DAY, "{written} bytes in {blocks} blocks");
        drop(app);
        sandbox.stop().await;
    });
}
