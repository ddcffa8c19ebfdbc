//! What pruning deletes and, above all, what it keeps.

use crate::gists::{fetched, holder, pointer, unchanged};
use crate::samples::{Place, absent, claim, claimed, content, count, decided, hotkey, raw, seen, stamp, subnet};
use crate::weights::{intent, signer};
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::gist_record::ContentDigest;
use tensorflix_domain::head::Head;
use tensorflix_domain::quarantine::{Item, ItemKind};
use tensorflix_store::{Pruned, Store};

/// The time of a block, as pruning is asked with it.
fn time_of(block: u32) -> i64 {
    stamp(block).time.unix_ms()
}

#[tokio::test]
async fn old_history_goes_and_what_is_known_of_contents_stays() {
    let place = Place::new();
    let store = place.open().await;
    let history = [
        seen(2, 10, Some(1), Some(1)),
        seen(2, 20, Some(2), None),
        seen(2, 30, None, None),
        seen(2, 40, None, None),
        absent(2, 50),
        seen(3, 10, Some(1), None),
        seen(3, 60, Some(2), None),
    ];
    store.record_observations(&history).await.expect("saved");
    let contents = [content(2), content(3)];
    let before = store.observed_contents(&contents).await.expect("read");
    let pruned = store.prune(time_of(55)).await.expect("pruned");
    // Kept of item 2: the newest plays (10), views (20), details (40) and sighting (50); of item 3: 60.
    assert_eq!(pruned, Pruned { observations: 2, ..Pruned::default() });
    assert_eq!(count(&place.file(), "observations").await, 5);
    assert_eq!(store.observed_contents(&contents).await.expect("read"), before);
}

#[tokio::test]
async fn documents_stay_while_a_gist_or_an_unclaimed_holding_refers_to_them() {
    let place = Place::new();
    let store = place.open().await;
    store.record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1)]).await.expect("saved");
    store.record_gists(50, &[fetched(1, 11), fetched(2, 21)], &[holder(1, 1)]).await.expect("saved");
    let pruned = store.prune(0).await.expect("pruned");
    assert_eq!(pruned, Pruned { documents: 1, ..Pruned::default() }, "only 20: nobody was ever seen with it");
    let ids = claimed(&store.unclaimed_holdings(9).await.expect("read"));
    store.record_claims(&[claim("t", 2, 1, 25)], &ids).await.expect("saved");
    assert_eq!(store.prune(0).await.expect("pruned").documents, 1, "10: its claims are made");
    for (body, is_kept) in [(10, false), (11, true), (20, false), (21, true)] {
        let document = store.gist_document(&ContentDigest([body; 32])).await.expect("read");
        assert_eq!(document.is_some(), is_kept, "{body}");
    }
}

#[tokio::test]
async fn gists_that_nobody_points_to_any_more_go_and_claims_stay() {
    let place = Place::new();
    let store = place.open().await;
    store.record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1), holder(2, 2)]).await.expect("saved");
    let ids = claimed(&store.unclaimed_holdings(9).await.expect("read"));
    store.record_claims(&[claim("t", 2, 1, 25)], &ids).await.expect("saved");
    store.record_gists(500, &[unchanged(1)], &[holder(1, 1)]).await.expect("saved");
    store.save_head(&Head { stamp: stamp(510), hash: [0; 32] }).await.expect("saved");
    let pruned = store.prune(time_of(400)).await.expect("pruned");
    assert_eq!((pruned.gists_and_holdings, pruned.documents), (2, 1));
    assert!(store.gist_state(&pointer(1)).await.expect("read").is_some());
    assert_eq!(store.gist_state(&pointer(2)).await.expect("read"), None);
    assert_eq!(store.claims().await.expect("read"), [claim("t", 2, 1, 25)]);
}

#[tokio::test]
async fn old_cycles_go_but_not_the_newest_nor_the_scores_in_force_nor_any_number() {
    let place = Place::new();
    let store = place.open().await;
    for cycle in 1..=4 {
        store.open_cycle(stamp(cycle * 100), &subnet(1, 1)).await.expect("opened");
    }
    store.save_decision(&decided(1, 100, 0.1)).await.expect("saved");
    store.save_decision(&decided(2, 200, 0.2)).await.expect("saved");
    let mut empty = decided(3, 300, 0.3);
    empty.scores.clear();
    store.save_decision(&empty).await.expect("saved");
    let pruned = store.prune(time_of(10_000)).await.expect("pruned");
    assert_eq!(pruned.cycles, 2);
    assert_eq!(store.decided_cycle(2).await.expect("read"), Some(decided(2, 200, 0.2)));
    assert_eq!(store.scores_in_force().await.expect("read").map(|scores| scores.cycle), Some(2));
    assert_eq!(store.latest_cycle().await.expect("read").map(|head| head.cycle), Some(4));
    assert_eq!(store.cycle_subnet(1).await.expect("read"), None);
    assert_eq!(store.open_cycle(stamp(900), &subnet(1, 1)).await.expect("opened").cycle, 5);
}

#[tokio::test]
async fn the_newest_intent_stays_however_old() {
    let place = Place::new();
    let store = place.open().await;
    for window in [100, 200, 300] {
        assert!(store.save_intent(&intent(window, 1)).await.expect("asked"));
    }
    let pruned = store.prune(time_of(10_000)).await.expect("pruned");
    assert_eq!(pruned, Pruned { intents: 2, ..Pruned::default() });
    assert_eq!(store.latest_intent(&signer()).await.expect("read"), Some(intent(300, 1)));
}

#[tokio::test]
async fn pruning_an_empty_database_deletes_nothing() {
    let place = Place::new();
    assert_eq!(place.open().await.prune(i64::MAX).await.expect("pruned"), Pruned::default());
}

#[tokio::test]
async fn claims_go_only_when_their_hotkey_is_long_gone_and_are_new_if_it_comes_back() {
    let place = Place::new();
    let store = place.open().await;
    store
        .record_gists(25, &[fetched(1, 10), fetched(2, 20)], &[holder(1, 1), holder(7, 2), holder(8, 2)])
        .await
        .expect("saved");
    let ids = claimed(&store.unclaimed_holdings(9).await.expect("read"));
    // 1 is registered; 7 and 8 are not (any more), 8 was listed lately.
    let claims = [claim("t", 2, 1, 25), claim("t", 2, 7, 25), claim("t", 2, 8, 25), claim("u", 2, 8, 450)];
    store.record_claims(&claims, &ids).await.expect("saved");
    store.save_head(&Head { stamp: stamp(510), hash: [0; 32] }).await.expect("saved");
    assert_eq!(store.prune(time_of(400)).await.expect("pruned").claims, 0, "nobody knows who is registered");

    store.save_subnet(&subnet(500, 3)).await.expect("saved");
    store.open_cycle(stamp(410), &subnet(410, 8)).await.expect("opened");
    assert_eq!(store.prune(time_of(400)).await.expect("pruned").claims, 0, "7 was registered at block 410");
    store.open_cycle(stamp(490), &subnet(490, 3)).await.expect("opened");
    assert_eq!(store.prune(time_of(411)).await.expect("pruned").claims, 1);
    assert_eq!(store.claims().await.expect("read"), [claims[0].clone(), claims[2].clone(), claims[3].clone()]);

    store.record_gists(550, &[fetched(2, 20)], &[holder(7, 2), holder(8, 2)]).await.expect("saved");
    let again = store.unclaimed_holdings(9).await.expect("read");
    assert!(again.iter().all(|holding| holding.round == 550), "{again:?}");
    assert!(again.iter().any(|holding| holding.hotkey == hotkey(7)), "{again:?}");
}

#[tokio::test]
async fn old_dates_of_the_ledger_and_old_crashes_go() {
    let place = Place::new();
    let store = place.open().await;
    for date in ["1969-12-31", "1970-01-05", "1970-01-06", "1970-01-07", "1970-01-08"] {
        assert!(store.debit("youtube", date, 1, 9).await.expect("asked"));
    }
    let item = |id: &str| Item { kind: ItemKind::Content, id: id.to_owned(), digest: ContentDigest([1; 32]) };
    store.record_crash(&item("old"), 100).await.expect("counted");
    store.record_crash(&item("young"), 100).await.expect("counted");
    assert_eq!(store.record_crash(&item("young"), 60_000).await.expect("counted"), 2);
    store.save_head(&Head { stamp: stamp(64_800), hash: [0; 32] }).await.expect("saved");
    let pruned = store.prune(8 * 86_400_000).await.expect("pruned");
    assert_eq!(
        (pruned.ledger_dates, pruned.crashes),
        (3, 1),
        "the seventh and later are kept, with two days of margin"
    );
    assert_eq!(store.crashes().await.expect("read"), [(item("young"), 2)].into());
}

/// Rows of all tables, and pages of the file.
async fn size(place: &Place) -> (i64, i64) {
    let pool = raw(&place.file()).await;
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .fetch_all(&pool)
            .await
            .expect("names");
    let mut rows = 0;
    for table in tables {
        let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        rows += sqlx::query_scalar::<_, i64>(statement).fetch_one(&pool).await.expect("a count");
    }
    let pages = sqlx::query_scalar("PRAGMA page_count").fetch_one(&pool).await.expect("a count");
    pool.close().await;
    (rows, pages)
}

/// A day of a subnet in which hotkeys come and go: rounds, claims, observations, a cycle, submissions, quota, crashes,
/// and items that are requested only from outside. Numbers stay below 250, for a digest is made of one byte.
async fn live_through(store: &Store, day: u32) {
    const BLOCKS: u32 = 7_200;
    let key = |miner: u32| u8::try_from((day / 3 + miner) % 200 + 10).expect("a byte");
    let neurons: Vec<u8> = (0..4).map(key).collect();
    let mut population = subnet(day * BLOCKS, 1);
    let sample = population.neurons[0].clone();
    population.neurons.extend(neurons.iter().map(|key| tensorflix_domain::subnet::Neuron {
        uid: (*key).into(),
        hotkey: hotkey(*key),
        ..sample.clone()
    }));
    for round in 0..4 {
        let block = day * BLOCKS + round * 1_800;
        store.save_head(&Head { stamp: stamp(block), hash: [0; 32] }).await.expect("saved");
        population.at = stamp(block);
        store.save_subnet(&population).await.expect("saved");
        let body = u8::try_from((day * 4 + round) % 250).expect("a byte");
        let answers: Vec<_> = neurons.iter().map(|key| fetched(*key, body)).collect();
        let holders: Vec<_> = neurons.iter().map(|key| holder(*key, *key)).collect();
        store.record_gists(block, &answers, &holders).await.expect("saved");
        let held = store.unclaimed_holdings(100).await.expect("read");
        let ids = claimed(&held);
        // Two items for each hotkey, as long as it is registered, and one requested from outside.
        let claims: Vec<_> = neurons.iter().map(|key| claim("t", u32::from(*key) * 2, *key, block)).collect();
        store.record_claims(&claims, &ids).await.expect("saved");
        let mut seen_now: Vec<_> =
            neurons.iter().map(|key| seen(u32::from(*key) * 2, block, Some(block.into()), None)).collect();
        seen_now.push(seen(1_000_000 + day * 8 + round * 2, block, Some(1), None));
        store.record_observations(&seen_now).await.expect("saved");
        assert!(store.save_intent(&intent(block, day + 1)).await.expect("asked"));
    }
    let cycle = store.open_cycle(stamp(day * BLOCKS), &population).await.expect("opened").cycle;
    store.save_decision(&decided(cycle, day * BLOCKS, 0.5)).await.expect("saved");
    let date = Moment::from_unix_ms(i64::from(day) * 86_400_000).to_string();
    store.debit("youtube", &date[..10], 5, 100).await.expect("asked");
    let item = Item { kind: ItemKind::TaskGist, id: format!("a:{day}"), digest: ContentDigest([3; 32]) };
    store.record_crash(&item, day * BLOCKS).await.expect("counted");
}

#[tokio::test]
async fn a_store_that_is_kept_up_stays_as_small_however_long_it_lives() {
    const KEEP_DAYS: u32 = 7;
    let place = Place::new();
    let store = place.open().await;
    let mut sizes = Vec::new();
    for day in 1..=90 {
        live_through(&store, day).await;
        let before = time_of(day.saturating_sub(KEEP_DAYS) * 7_200);
        store.prune(before).await.expect("pruned");
        store.forget_unclaimed_contents(before).await.expect("forgotten");
        sizes.push(size(&place).await);
    }
    // The same phase of the comings and goings, three and twelve weeks in.
    let ((rows_early, pages_early), (rows_late, pages_late)) = (sizes[20], sizes[83]);
    assert_eq!(rows_late, rows_early, "{sizes:?}");
    assert!(pages_late <= pages_early + pages_early / 10, "{pages_early} pages, and then {pages_late}");
    assert!(rows_late > 100, "it was not emptied");
}

#[tokio::test]
async fn a_kind_of_record_that_cannot_be_deleted_holds_up_no_other() {
    for broken in ["observations", "gists", "intents", "quota_ledger"] {
        let place = Place::new();
        let store = place.open().await;
        store.record_observations(&[absent(2, 10), seen(2, 20, Some(1), None)]).await.expect("saved");
        store.record_gists(10, &[fetched(1, 1)], &[holder(1, 1)]).await.expect("saved");
        store.debit("youtube", "1970-01-01", 1, 9).await.expect("debited");
        store.save_head(&Head { stamp: stamp(100_000), hash: [0; 32] }).await.expect("saved");
        for window in [100, 200] {
            assert!(store.save_intent(&intent(window, 1)).await.expect("asked"));
        }
        // A trigger represents any cause that makes the deletion of these rows fail, now and at every later attempt.
        let trigger = sqlx::AssertSqlSafe(format!(
            "CREATE TRIGGER broken BEFORE DELETE ON {broken} BEGIN SELECT RAISE(ABORT, 'made to fail'); END"
        ));
        let pool = raw(&place.file()).await;
        sqlx::query(trigger).execute(&pool).await.expect("a trigger");
        pool.close().await;
        store.prune(time_of(100_000)).await.expect_err("told");
        for (table, left) in [("observations", 1), ("gists", 0), ("intents", 1), ("quota_ledger", 0)] {
            assert!(table == broken || count(&place.file(), table).await == left, "{broken} holds up {table}");
        }
    }
}
