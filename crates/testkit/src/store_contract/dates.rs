//! Dates of gists, and the times of blocks.

use super::Fresh;
use super::samples::{claim, date, gist, gist_of};
use crate::subnets::{hotkey, moment};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tensorflix_actors::ports::Store;
use tensorflix_domain::dating::{Dating, GistDate, Undatable};
use tensorflix_domain::ids::Block;

async fn record(store: &Arc<dyn Store>, dates: &[GistDate]) {
    store.record_gist_dates(dates).await.expect("stored");
}

/// What is known of the claims of hotkey 1 of round 100.
async fn known(store: &Arc<dyn Store>) -> Vec<GistDate> {
    store.gist_dates_of(&[(hotkey(1), 100)].into()).await.expect("read")
}

fn at(hours: f64) -> Dating {
    Dating::Dated(moment(hours))
}

pub async fn a_date_that_is_known_stays(fresh: Fresh<'_>) {
    let answers = Undatable::ALL.map(Dating::Undatable);
    for settled in answers.into_iter().chain([at(-1.5)]) {
        let store = fresh().await;
        let first = date(1, 100, Some(100), settled);
        record(&store, std::slice::from_ref(&first)).await;
        for later in [Dating::NotAsked, at(7.0), Dating::Undatable(Undatable::Gone)] {
            record(&store, &[date(1, 100, Some(125), later)]).await;
        }
        assert_eq!(known(&store).await, [first]);
        assert_eq!(store.gists_to_date().await, Ok(vec![]));
    }
}

pub async fn a_later_look_replaces_an_earlier_one(fresh: Fresh<'_>) {
    let store = fresh().await;
    let look = |asked_round, silent_rounds| {
        let waiting_since = 100 + silent_rounds;
        GistDate { silent_rounds, absences: 7, waiting_since, ..date(1, 100, asked_round, Dating::NotAsked) }
    };
    let mut expected = look(None, 0);
    for (asked_round, silent_rounds, is_kept) in [
        (None, 0, true),
        (None, 1, false),
        (Some(0), 2, true),
        (Some(125), 3, true),
        (Some(125), 4, false),
        (Some(100), 5, false),
        (None, 6, false),
        (Some(u32::MAX), 8, true),
    ] {
        record(&store, &[look(asked_round, silent_rounds)]).await;
        if is_kept {
            // It waits since it was first recorded.
            expected = GistDate { waiting_since: 100, ..look(asked_round, silent_rounds) };
        }
        assert_eq!(known(&store).await, [expected.clone()], "{asked_round:?} {silent_rounds}");
        assert_eq!(store.gists_to_date().await, Ok(vec![expected.clone()]));
    }
}

pub async fn dates_are_in_order_with_unnamed_gists_first(fresh: Fresh<'_>) {
    let store = fresh().await;
    let of = |key, round, gist| GistDate { gist, ..date(key, round, None, Dating::NotAsked) };
    let ordered = [
        of(1, 100, None),
        of(1, 100, Some(gist("Z", "aa"))),
        of(1, 100, Some(gist("a", "bb"))),
        of(1, 100, Some(gist("a-b", "aa"))),
        of(1, 125, Some(gist("a", "aa"))),
        of(2, 100, Some(gist("a", "aa"))),
        of(200, 100, None),
    ];
    let reversed: Vec<GistDate> = ordered.iter().rev().cloned().collect();
    record(&store, &reversed).await;
    assert_eq!(store.gists_to_date().await, Ok(ordered.to_vec()));
    let wanted: BTreeSet<_> = [(hotkey(200), 100), (hotkey(1), 100), (hotkey(7), 100), (hotkey(2), 125)].into();
    assert_eq!(store.gist_dates_of(&wanted).await, Ok([&ordered[..4], &ordered[6..]].concat()));
    assert_eq!(store.gist_dates_of(&BTreeSet::new()).await, Ok(vec![]));
}

pub async fn the_first_date_since_a_round_is_found_by_any_spelling(fresh: Fresh<'_>) {
    let store = fresh().await;
    let by = |name: &str, of: GistDate| GistDate { gist: Some(gist(name, "aa")), ..of };
    let (first, second) =
        (by("alice", date(3, 100, Some(125), at(1.0))), by("Alice", date(2, 100, Some(150), at(2.0))));
    let tied = by("ALICE", date(4, 100, Some(150), at(3.0)));
    let undated = by("alice", date(1, 100, Some(100), Dating::Undatable(Undatable::Gone)));
    let waiting = by("alice", date(5, 100, None, Dating::NotAsked));
    record(&store, &[tied, waiting, second.clone(), first.clone(), undated]).await;
    for (round, expected) in
        [(0, Some(&first)), (125, Some(&first)), (126, Some(&second)), (150, Some(&second)), (151, None)]
    {
        assert_eq!(store.date_of_gist(&gist("aLiCe", "aa"), round).await, Ok(expected.cloned()), "{round}");
    }
    assert_eq!(store.date_of_gist(&gist("alice", "ab"), 0).await, Ok(None));
    assert_eq!(store.date_of_gist(&gist("bob", "aa"), 0).await, Ok(None));
}

pub async fn gists_that_were_dated_are_named(fresh: Fresh<'_>) {
    let store = fresh().await;
    let unnamed = GistDate { gist: None, ..date(4, 100, Some(150), at(1.0)) };
    let refused = date(3, 100, Some(150), Dating::Undatable(Undatable::Blocked));
    let dated = [date(1, 100, Some(125), at(1.0)), date(2, 100, Some(150), at(1.0)), refused, unnamed];
    record(&store, &dated).await;
    let named = |keys: &[u8]| keys.iter().map(|key| gist_of(*key).gist_id).collect::<BTreeSet<String>>();
    for (round, keys) in [(0, &[1, 2][..]), (124, &[1, 2]), (125, &[2]), (150, &[])] {
        assert_eq!(store.gists_dated_since(round).await, Ok(named(keys)), "{round}");
    }
}

pub async fn rivals_of_the_undated_are_those_within_a_round(fresh: Fresh<'_>) {
    const ROUND_BLOCKS: u32 = 25;
    // Hotkeys 1 and 2 are in line; the gist of 1 was dated before, that of 2 never was.
    let rivals = async |first: Block, second: Block, number| {
        let store = fresh().await;
        record(
            &store,
            &[
                date(1, 50, Some(150), at(1.0)),
                date(1, first, None, Dating::NotAsked),
                date(2, second, None, Dating::NotAsked),
            ],
        )
        .await;
        store.record_claims(&[claim(1, 1, first), claim(number, 2, second)], &[]).await.expect("stored");
        let of = async |round| store.rivals_of_undated(round, ROUND_BLOCKS).await.expect("read");
        assert_eq!(of(150).await, BTreeSet::new(), "it was not dated since");
        of(149).await.into_iter().map(|gist| gist.gist_id).collect::<Vec<_>>()
    };
    let expected = vec![gist_of(1).gist_id];
    assert_eq!(rivals(100, 100, 1).await, expected);
    assert_eq!(rivals(100, 125, 1).await, expected);
    assert_eq!(rivals(125, 100, 1).await, expected);
    assert_eq!(rivals(100, 126, 1).await, Vec::<String>::new());
    assert_eq!(rivals(100, 100, 2).await, Vec::<String>::new());
}

pub async fn the_time_of_a_block_stays(fresh: Fresh<'_>) {
    let store = fresh().await;
    assert_eq!(store.block_times().await, Ok(BTreeMap::new()));
    let first: BTreeMap<_, _> = [(0, moment(-1.0)), (u32::MAX, moment(1.0))].into();
    store.record_block_times(&first).await.expect("stored");
    store.record_block_times(&[(0, moment(5.0)), (7, moment(2.0))].into()).await.expect("stored");
    store.record_block_times(&BTreeMap::new()).await.expect("stored");
    let expected: BTreeMap<_, _> = first.into_iter().chain([(7, moment(2.0))]).collect();
    assert_eq!(store.block_times().await, Ok(expected));
}
