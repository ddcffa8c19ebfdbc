//! A store that any earlier release wrote opens with everything in it. (Inside the crate: the earlier schemas are this
//! crate's migrations, up to one of them.)

use crate::opening::open::MIGRATIONS;
use crate::store::Store;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::collections::BTreeMap;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::dating::Dating;
use tensorflix_domain::gist_record::{ContentDigest, GistAnswer, GistHolder, GistOutcome};
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::rounds::UnwatchedBlocks;

/// A row in every table that the first schema has, as its release wrote them.
const ROWS_OF_0001: &[&str] = &[
    "INSERT INTO chain_binding VALUES (1, zeroblob(32), 89)",
    "INSERT INTO latest_head VALUES (1, 700, 8400000, zeroblob(32))",
    "INSERT INTO latest_subnet VALUES (1, 700, '{}')",
    "INSERT INTO latest_gist_round VALUES (1, 700)",
    "INSERT INTO gist_documents VALUES (zeroblob(32), x'7b7d')",
    "INSERT INTO gists (pointer, etag, digest, fetched_round, asked_round, failures, error)
        VALUES ('alice:00ff', 'W/\"1\"', zeroblob(32), 700, 700, 2, 'no answer')",
    "INSERT INTO holdings (holding_id, hotkey, pointer, digest, round, committed_at, claimed)
        VALUES (1, zeroblob(32), 'alice:00ff', zeroblob(32), 675, 650, FALSE)",
    "INSERT INTO contents (content_key, platform, content_id, latest_block, latest_time_ms, latest_present, seen_before,
        views_block, views_time_ms, view_count, plays_block, plays_time_ms, play_count, details_block, details_digest,
        published_at_ms, broadcast) VALUES (1, 'youtube', 'dQw4w9WgXcQ', 700, 8400000, TRUE, TRUE, 700, 8400000, 42, NULL, NULL,
        NULL, 700, zeroblob(32), 8000000, 'ended')",
    "INSERT INTO content_texts (content_key, title, description, author, tags_json, duration_secs, thumbnail_url)
        VALUES (1, 'title', 'description', 'author', '[]', 61, NULL)",
    "INSERT INTO observations VALUES (1, 1, 700, 8400000, TRUE, 42, NULL, 3, NULL, zeroblob(32))",
    "INSERT INTO quota_ledger VALUES ('youtube', '2026-08-21', 40)",
    "INSERT INTO claims (task_id, content_id, hotkey, pinned_at, round, gist_updated_at_ms, committed_at)
        VALUES ('t', 'dQw4w9WgXcQ', zeroblob(32), 660, 675, 8100000, 650)",
    "INSERT INTO cycles VALUES (3, 700, 8400000, 0, '[]')",
    "INSERT INTO cycle_subnets VALUES (3, '{}')",
    "INSERT INTO cycle_decisions VALUES (3, '0.1.0', '{}', '[]', x'00', x'00')",
    "INSERT INTO intents (id, window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic, extrinsic_hash,
        nonce, valid_until, reached_chain, outcome_json) VALUES (1, 360, 3, 365, 4380000, '[[7,65535]]', x'0102', zeroblob(32), 5, 429, 1,
        '{\"kind\":\"confirmed\",\"block\":370}')",
];

/// What later schemas added, by the migration that did.
const ROWS_ADDED: &[(i64, &[&str])] = &[(
    3,
    &[
        "INSERT INTO gist_owners VALUES ('alice', '00ff', 700, 583231, 0, NULL)",
        "INSERT INTO unwatched_blocks VALUES (500, 525)",
    ],
)];

/// Rows of each table, migrations aside.
async fn counts(pool: &SqlitePool) -> BTreeMap<String, i64> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlx%'",
    )
    .fetch_all(pool)
    .await
    .expect("names");
    let mut counts = BTreeMap::new();
    for table in tables {
        let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        counts.insert(table, sqlx::query_scalar(statement).fetch_one(pool).await.expect("a count"));
    }
    counts
}

#[tokio::test]
async fn a_store_of_every_earlier_schema_opens_with_all_of_its_rows() {
    let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    assert!(versions.is_sorted() && versions.contains(&1), "{versions:?}");
    for &version in &versions {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("old.db");
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).create_if_missing(true))
            .await
            .expect("a database");
        let earlier = MIGRATIONS.iter().filter(|migration| migration.version <= version).cloned().collect();
        Migrator::with_migrations(earlier).run(&pool).await.expect("the earlier schema");
        let added = ROWS_ADDED.iter().filter(|(since, _)| *since <= version).flat_map(|(_, rows)| *rows);
        for row in ROWS_OF_0001.iter().chain(added) {
            sqlx::query(*row).execute(&pool).await.expect("a row");
        }
        let before = counts(&pool).await;
        if version <= 3 {
            assert!(before.values().all(|count| *count == 1), "{version}: a row in every table: {before:?}");
        }
        pool.close().await;

        let url = format!("sqlite://{}", file.display());
        let store = Store::open(&url).await.expect("brought up to date");
        let after = counts(&store.writer).await;
        for (table, count) in &before {
            // Before the first round that a claim tells of none was held: that range is added.
            let added = i64::from(table == "unwatched_blocks" && version < 25);
            assert_eq!(after.get(table), Some(&(count + added)), "{version}: {table}");
        }
        assert_eq!(store.latest_head().await.expect("read").map(|head| head.stamp.block), Some(700), "{version}");
        assert_eq!(store.claims().await.expect("read").len(), 1, "{version}");
        assert_eq!(store.unclaimed_holdings(9).await.expect("read").len(), 1, "{version}");
        assert_eq!(store.gist_states().await.expect("read")[0].failures, 2, "{version}");
        assert_eq!(store.latest_cycle().await.expect("read").map(|head| head.cycle), Some(3), "{version}");
        assert_eq!(store.last_weights_block().await.expect("read"), Some(370), "{version}");
        assert_eq!(store.spent("youtube", "2026-08-21").await.expect("read"), [("youtube".to_owned(), 40)].into());
        assert!(
            !store.debit("youtube", "2026-08-21", 1, 40).await.expect("asked"),
            "{version}: nothing is spent twice"
        );
        store.close().await;
        Store::open_to_read(&url).await.expect("the present schema");
    }
}

#[tokio::test]
async fn whose_weights_an_old_intent_holds_is_read_from_its_signed_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).create_if_missing(true))
        .await
        .expect("a database");
    let earlier = MIGRATIONS.iter().filter(|migration| migration.version < 19).cloned().collect();
    Migrator::with_migrations(earlier).run(&pool).await.expect("the earlier schema");
    // Lengths of one, two and four bytes; the last one's bytes say nothing.
    let lengths: [&[u8]; 4] = [&[0xa4], &[0xd1, 0x03], &[0x02, 0x00, 0x01, 0x00], &[]];
    for (key, length) in (1_u8..).zip(lengths) {
        let account = [&[0x84, 0x00][..], &[key; 32], &[0xee; 90]].concat();
        let extrinsic = if length.is_empty() { vec![key; 150] } else { [length, &account].concat() };
        let statement =
            "INSERT INTO intents (window_start, cycle, signed_block, signed_time_ms, entries_json, extrinsic,
            extrinsic_hash, nonce, valid_until) VALUES ($1, 1, 1, 1, '[]', $2, zeroblob(32), 1, 1)";
        let window = i64::from(key) * 360;
        sqlx::query(statement).bind(window).bind(extrinsic).execute(&pool).await.expect("a row");
    }
    pool.close().await;
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("brought up to date");
    let signers: Vec<Option<Vec<u8>>> = sqlx::query_scalar("SELECT hotkey FROM intents ORDER BY window_start")
        .fetch_all(&store.readers)
        .await
        .expect("read");
    assert_eq!(signers, [Some(vec![1; 32]), Some(vec![2; 32]), Some(vec![3; 32]), None]);
}

#[tokio::test]
async fn dates_pins_and_commitments_of_an_earlier_release_stay_what_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).create_if_missing(true))
        .await
        .expect("a database");
    let earlier = MIGRATIONS.iter().filter(|migration| migration.version < 25).cloned().collect();
    Migrator::with_migrations(earlier).run(&pool).await.expect("the earlier schema");
    for row in [
        "INSERT INTO gist_documents VALUES (zeroblob(32), x'7b7d')",
        "INSERT INTO holdings (hotkey, pointer, digest, round, committed_at, claimed) VALUES
            (zeroblob(32), 'alice:00ff', zeroblob(32), 675, 650, FALSE),
            (zeroblob(32), 'alice:00ff@0123456789012345678901234567890123456789', zeroblob(32), 700, 690, FALSE)",
        "INSERT INTO good_pointers VALUES (zeroblob(32), 'alice:00ff@0123456789012345678901234567890123456789', zeroblob(32), 700)",
        "INSERT INTO claims (task_id, content_id, hotkey, round, committed_at) VALUES ('t', 'c', zeroblob(32), 675, 650)",
        "INSERT INTO gist_dates VALUES (zeroblob(32), 675, 'alice', '00ff', 675, 700, 0, 0, 8100000, NULL)",
        "INSERT INTO gist_dates VALUES (zeroblob(32), 600, NULL, NULL, 600, 600, 0, 0, 7200000, NULL)",
    ] {
        sqlx::query(row).execute(&pool).await.expect("a row");
    }
    pool.close().await;
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("brought up to date");
    let holdings = store.unclaimed_holdings(9).await.expect("read");
    let blocks: Vec<_> = holdings.iter().map(|holding| (holding.committed_at, holding.pinned_at)).collect();
    assert_eq!(blocks, [(650, None), (650, Some(690))], "another revision is no new commitment");
    let of = [675, 600].map(|round| (Hotkey::new([0; 32]), round)).into();
    let dates = store.gist_dates_of(&of).await.expect("read");
    let gists: Vec<_> = dates.iter().map(|date| date.gist.as_ref().map(ToString::to_string)).collect();
    assert_eq!(gists, [None, Some("alice:00ff".to_owned())]);
    assert!(dates.iter().all(|date| matches!(date.dating, Dating::Dated(_))), "{dates:?}");
    assert_eq!(store.claims().await.expect("read")[0].gist, None, "nothing says by which gist it was seen");
    let ranges = store.unwatched_blocks(9).await.expect("read");
    assert_eq!(ranges, [UnwatchedBlocks { from: 0, until: 675 }], "nobody was seen before the first claim");
    assert_eq!(store.good_pointers().await.expect("read")[0].committed_at, 650);
}

#[tokio::test]
async fn a_gist_pinned_repeatedly_in_an_earlier_release_is_committed_since_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file).create_if_missing(true))
        .await
        .expect("a database");
    let earlier = MIGRATIONS.iter().filter(|migration| migration.version < 25).cloned().collect();
    Migrator::with_migrations(earlier).run(&pool).await.expect("the earlier schema");
    let (author, mimic) = (1_u8, 2_u8);
    let revision = |number: u8| format!("@{number:040x}");
    for (key, pointer, content, block) in [
        (author, "alice:aa".to_owned(), 9_u8, 20),
        (author, "alice:00ff".to_owned(), 0, 100),
        (mimic, "alice:00ff".to_owned(), 2, 300),
        // GitHub takes a user's name however it is written.
        (author, format!("Alice:00ff{}", revision(1)), 1, 390),
        (author, format!("alice:00ff{}", revision(5)), 5, 690),
    ] {
        for statement in [
            "INSERT INTO gist_documents VALUES ($3, x'7b7d') ON CONFLICT DO NOTHING",
            "INSERT INTO holdings (hotkey, pointer, digest, round, committed_at, claimed) VALUES ($1, $2, $3, $4, $4, FALSE)",
            "INSERT INTO good_pointers VALUES ($1, $2, $3, $4) ON CONFLICT (hotkey) DO UPDATE
             SET pointer = excluded.pointer, digest = excluded.digest, round = excluded.round",
        ] {
            let row = sqlx::query(statement).bind(vec![key; 32]).bind(&pointer).bind(vec![content; 32]).bind(block);
            row.execute(&pool).await.expect("a row");
        }
    }
    pool.close().await;
    let store = Store::open(&format!("sqlite://{}", file.display())).await.expect("brought up to date");
    let since = async || -> Vec<(u8, u32)> {
        let good = store.good_pointers().await.expect("read");
        good.iter().map(|good| (good.hotkey.public_key()[0], good.committed_at)).collect()
    };
    assert_eq!(since().await, [(author, 100), (mimic, 300)]);
    let holdings = store.unclaimed_holdings(9).await.expect("read");
    let blocks: Vec<_> =
        holdings.iter().map(|held| (held.hotkey.public_key()[0], held.committed_at, held.pinned_at)).collect();
    let expected = [
        (author, 20, None),
        (author, 100, None),
        (mimic, 300, None),
        (author, 100, Some(390)),
        (author, 100, Some(690)),
    ];
    assert_eq!(blocks, expected);
    let pointer: GistPointer = format!("alice:00ff{}", revision(6)).parse().expect("a pointer");
    let outcome = GistOutcome::Fetched { etag: None, digest: ContentDigest([6; 32]), document: b"{}".to_vec() };
    let holder = GistHolder { hotkey: Hotkey::new([author; 32]), pointer: pointer.clone(), committed_at: 800 };
    store.record_gists(825, &[GistAnswer { pointer, outcome }], &[holder]).await.expect("stored");
    assert_eq!(since().await, [(author, 100), (mimic, 300)], "nor is the next pin");
}
