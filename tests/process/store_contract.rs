//! The store that runs keeps what every store promises.

use std::sync::Arc;
use tensorflix::adapters::store::Database;
use tensorflix_actors::ports::Store;
use tensorflix_testkit::store_contract;

#[tokio::test]
async fn the_database_keeps_every_promise() {
    store_contract::holds(|| async {
        let store = tensorflix_store::Store::open("sqlite::memory:").await.expect("a database");
        Arc::new(Database::new(store)) as Arc<dyn Store>
    })
    .await;
}
