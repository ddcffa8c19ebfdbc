//! Upkeep: what keeps the store of a validator that runs for months from growing. It works beside the actors, in steps of
//! the store that block nothing for long, and retries after failures: no weight depends on it.

use std::time::Duration;
use tensorflix_store::{Store, StoreError};

/// The first time after the start: what is needed to be ready comes first.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// How often old records are searched for.
const PERIOD: Duration = Duration::from_secs(3_600);

const DAY_MS: i64 = 86_400_000;

/// Periodically deletes records that are older than `keep_days` and no longer needed. Never ends.
pub async fn keep_bounded(store: Store, keep_days: u32) {
    tokio::time::sleep(FIRST_AFTER).await;
    loop {
        match store.noted(tidy(&store, keep_days).await) {
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, "could not delete old records; will retry in an hour"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Deletes once. Ages are counted by the chain's time: the machine's may be wrong.
async fn tidy(store: &Store, keep_days: u32) -> Result<(), StoreError> {
    let Some(head) = store.latest_head().await? else { return Ok(()) };
    let age_ms = i64::from(keep_days).saturating_mul(DAY_MS);
    let before_unix_ms = head.stamp.time.unix_ms().saturating_sub(age_ms);
    let pruned = store.prune(before_unix_ms).await;
    // Items that strangers asked the tracker for, and those without claims: also if something else could not be deleted.
    let contents = store.forget_unclaimed_contents(before_unix_ms).await?;
    let pruned = pruned?;
    if pruned != Default::default() || contents > 0 {
        tracing::info!(keep_days, contents, ?pruned, "deleted old records");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::chain_time::{BlockStamp, Moment};
    use tensorflix_domain::head::Head;
    use tensorflix_domain::ids::ContentId;
    use tensorflix_domain::observation::{Observation, Sighting};
    use tensorflix_domain::platform::Platform;

    #[tokio::test]
    async fn what_is_older_than_keep_days_by_the_chains_time_goes() {
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let at = |day: i64| BlockStamp { block: 7_200, time: Moment::from_unix_ms(day * DAY_MS) };
        let content = |number: u32| ContentId::new(Platform::YOUTUBE, &format!("v{number:010}")).expect("an id");
        let seen = |number, day| Observation { content: content(number), at: at(day), sighting: Sighting::Absent };
        // The chain of a sandbox lives in 1970; by the machine's clock all of it would be old.
        store.record_observations(&[seen(1, 3), seen(2, 12)]).await.expect("stored");
        tidy(&store, 7).await.expect("nothing to do while no block is known");
        let known = [content(1), content(2)];
        assert_eq!(store.observed_since(&known, 0).await.expect("read").len(), 2);
        store.save_head(&Head { stamp: at(14), hash: [0; 32] }).await.expect("stored");
        tidy(&store, 7).await.expect("tidied");
        assert_eq!(store.observed_since(&known, 0).await.expect("read"), [content(2)]);
    }
}
