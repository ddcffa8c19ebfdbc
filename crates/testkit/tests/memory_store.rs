//! The store in memory keeps what every store promises.

use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_testkit::memory_store::MemoryStore;
use tensorflix_testkit::store_contract;

#[tokio::test]
async fn the_store_in_memory_keeps_every_promise() {
    store_contract::holds(|| async { Arc::new(MemoryStore::default()) as Arc<dyn Store> }).await;
}
