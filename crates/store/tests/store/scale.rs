//! What must not grow with the history: starting.

use crate::samples::{Place, content, raw, seen, stamp};
use std::time::{Duration, Instant};
use tensorflix_domain::head::Head;

/// Items in the large database; each has ten observations.
const CONTENTS: u32 = 100_000;

/// A million observations, written past the store because only reading is measured.
async fn fill(place: &Place) {
    let store = place.open().await;
    store.save_head(&Head { stamp: stamp(100), hash: [0; 32] }).await.expect("saved");
    store.close().await;
    let pool = raw(&place.file()).await;
    for statement in [
        "INSERT INTO contents (content_key, platform, content_id, seen_before, latest_block, latest_time_ms,
                               latest_present)
         WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 100000)
         SELECT n + 1, CASE WHEN n % 2 = 0 THEN 'youtube' ELSE 'instagram' END, printf('v%010d', n), TRUE, 19, 228000,
                FALSE FROM numbers",
        "INSERT INTO observations (content_key, block, time_ms, present, sighting_digest)
         WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < 1000000)
         SELECT n / 10 + 1, 10 + n % 10, 0, FALSE, x'00' FROM numbers",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("filled");
    }
    pool.close().await;
}

#[tokio::test]
async fn a_million_observations_do_not_slow_the_start() {
    let place = Place::new();
    fill(&place).await;
    let started = Instant::now();
    let store = place.open().await;
    store.bind_chain(&[1; 32], 89).await.expect("bound");
    assert!(store.latest_head().await.expect("read").is_some());
    assert_eq!(store.gist_states().await.expect("read"), []);
    assert_eq!(store.claims().await.expect("read"), []);
    assert_eq!(store.latest_cycle().await.expect("read"), None);
    assert_eq!(store.observed_since(&[content(0), content(1)], 15).await.expect("read").len(), 2);
    let took = started.elapsed();
    println!("started in {took:?}");
    // Far more than a busy machine needs; the time it took is printed.
    assert!(took < Duration::from_secs(60), "{took:?}");

    let started = Instant::now();
    let contents: Vec<_> = (0..CONTENTS).map(content).collect();
    let observed = store.observed_contents(&contents).await.expect("read");
    println!("{CONTENTS} contents read in {:?}", started.elapsed());
    assert!(observed.iter().all(|known| known.evidence.latest.as_ref().is_some_and(|latest| latest.at.block == 19)));

    let started = Instant::now();
    let batch: Vec<_> = (0..10_000).map(|number| seen(number, 30, Some(1), None)).collect();
    store.record_observations(&batch).await.expect("saved");
    println!("10,000 observations added in {:?}", started.elapsed());
    assert_eq!(store.observed_since(&contents, 30).await.expect("read").len(), 10_000);
}
