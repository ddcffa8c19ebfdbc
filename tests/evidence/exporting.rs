//! `export` writes a cycle as a table, and says what it cannot find.

use super::support::{check_exit, folder, stdout};
use super::{demo_store, exported, on_store};
use std::collections::BTreeMap;
use tensorflix_store::Store;

#[test]
fn the_csv_of_a_cycle_has_the_numbers_of_its_json() {
    let folder = folder();
    demo_store(folder.path());
    let export = exported(folder.path());
    let output = on_store(folder.path(), &["export", "--format", "csv"]);
    check_exit(&output, 0);
    let text = stdout(&output);
    assert_eq!(text.matches("\r\n").count(), text.lines().count(), "RFC 4180");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a line")).collect();
    let judged = export["submissions"].as_array().expect("submissions");
    assert_eq!(rows.len(), judged.len());
    let weights: BTreeMap<String, String> = export["weights_sent"][0]["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| (entry[0].to_string(), entry[1].to_string()))
        .collect();
    for (row, judged) in rows.iter().zip(judged) {
        assert_eq!(row["uid"], judged["uid"].to_string());
        let content_id = judged["content_id"].as_str().expect("an id");
        let cell = row["content_id"].as_str();
        let like_a_formula =
            |text: &str| text.starts_with(|first: char| matches!(first, '=' | '+' | '-' | '@') || first.is_control());
        let expected = if like_a_formula(content_id) { format!("'{content_id}") } else { content_id.to_owned() };
        assert_eq!(cell, expected);
        for key in ["score", "normalized_score"] {
            let number = row[key].parse::<f64>().ok().map(f64::to_bits);
            assert_eq!(number, judged[key].as_f64().map(f64::to_bits), "{key} of {row:?}");
        }
        assert_eq!(row["weight"], weights.get(&row["uid"]).cloned().unwrap_or("0".to_owned()), "{row:?}");
        if let (Ok(hours), Ok(score)) = (row["hours"].parse::<f64>(), row["score"].parse::<f64>()) {
            let views = judged["view_count"].as_f64().expect("views");
            assert_eq!((views / hours).to_bits(), score.to_bits(), "score = views / hours: {row:?}");
        }
    }
}

#[test]
fn a_store_that_is_not_there_or_has_no_cycle_is_said_and_not_made() {
    let folder = folder();
    for command in [vec!["explain", "x"], vec!["export", "--format", "csv"], vec!["replay"], vec!["replay", "--all"]] {
        let stderr = check_exit(&on_store(folder.path(), &command), 1);
        assert!(stderr.contains("store.url"), "{command:?}: {stderr}");
    }
    assert!(!folder.path().join("demo.db").exists());
    actix_rt::System::new().block_on(async {
        let url = format!("sqlite://{}", folder.path().join("demo.db").display());
        Store::open(&url).await.expect("a store").close().await;
    });
    for command in [vec!["explain", "x"], vec!["export", "--format", "csv"], vec!["replay"], vec!["replay", "--all"]] {
        let stderr = check_exit(&on_store(folder.path(), &command), 1);
        assert!(stderr.contains("no decided cycle yet"), "{command:?}: {stderr}");
    }
}
