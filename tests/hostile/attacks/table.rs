//! docs/attacks.md has every row of the threat list, with gains that the lab asserts.

use super::prices::{LEAVERS, RESIDUES};

/// Bounds are gains, rounded up to tenths.
const ROUNDED_BY: f64 = 0.1;

#[test]
fn the_table_of_attacks_has_each_row_with_a_gain_that_the_lab_asserts() {
    let mut rows = Vec::new();
    for line in include_str!("../../../docs/attacks.md").lines() {
        let cells = line.split('|').map(str::trim).collect::<Vec<_>>();
        let Some(row) = cells.get(1).and_then(|cell| cell.parse::<u8>().ok()) else {
            continue;
        };
        rows.push(row);
        assert!(cells[4].starts_with(&format!("`row_{row:02}_")), "row {row} has the test {}", cells[4]);
        check_leaver(row, cells[6]);
        // What is only copied on chain has no gain.
        let Ok(gain) = cells[5].parse::<f64>() else {
            assert_eq!(cells[5], "–", "the gain of row {row}");
            continue;
        };
        let bound = RESIDUES.iter().find(|residue| residue.row == row).map(|residue| residue.default_gain);
        assert!(gain <= bound.unwrap_or(1.0), "row {row}: {gain}, where the lab asserts {bound:?}");
        assert!(
            bound.is_none_or(|bound| gain > bound - ROUNDED_BY),
            "row {row}: {gain}, where the lab asserts {bound:?}"
        );
    }
    assert_eq!(rows, (1..=35).collect::<Vec<_>>());
}

/// Checks the price of a row's leaver: a dash where it has none.
#[track_caller]
fn check_leaver(row: u8, cell: &str) {
    match LEAVERS.iter().find(|(of, _)| *of == row) {
        None => assert_eq!(cell, "–", "the leaver of row {row}"),
        Some((_, price)) => {
            let gain: f64 = cell.parse().expect("a figure");
            assert!(gain <= *price && gain > price - ROUNDED_BY, "row {row}: {gain}, where the lab asserts {price}");
        }
    }
}
