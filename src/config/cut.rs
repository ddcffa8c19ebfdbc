//! Whether a configuration file that was read again is whole. A file that is being written, or was cut by a full disk, is
//! often valid by itself, and would set back to defaults whatever it does not state any more.

use toml::{Table, Value};

/// Why a file is not taken in place of the one in force; `None` if nothing speaks against it.
pub fn missing(in_force: &str, now: Option<&str>) -> Option<String> {
    let before = settings(in_force)?;
    if before.is_empty() {
        return None;
    }
    let Some(now) = now else { return Some("the file is gone".to_owned()) };
    // What is no TOML is refused with its line.
    let after = settings(now)?;
    if after.is_empty() {
        return Some("the file states no setting any more".to_owned());
    }
    if let Some(section) = sections(&before).find(|section| !sections(&after).any(|one| one == *section)) {
        return Some(format!("section [{section}] is not in the file any more"));
    }
    let is_shorter = after.len() < before.len() && in_force.starts_with(now.trim_end());
    let ends_in_a_line = in_force.ends_with('\n') && !now.ends_with('\n');
    (is_shorter || ends_in_a_line).then(|| "the file ends too early, as if it was cut".to_owned())
}

/// The settings that a file states, as section and key.
fn settings(text: &str) -> Option<Vec<(String, String)>> {
    let sections: Table = text.parse().ok()?;
    let mut settings = Vec::new();
    for (section, value) in sections {
        match value {
            Value::Table(keys) => settings.extend(keys.into_iter().map(|(key, _)| (section.clone(), key))),
            _ => settings.push((section, String::new())),
        }
    }
    Some(settings)
}

fn sections(settings: &[(String, String)]) -> impl Iterator<Item = &str> {
    settings.iter().map(|(section, _)| section.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        "# ours\n[youtube]\ndaily_quota = 9000\nbatch_size = 40\n\n[log]\nlevel = \"info\"\nmax_mb = 10\n";

    #[test]
    fn a_file_that_is_empty_cut_or_gone_is_not_taken_and_one_that_was_edited_is() {
        assert!(missing(WHOLE, None).is_some_and(|why| why.contains("gone")));
        for end in 0..WHOLE.len() - 1 {
            // Cut within a line it may be no TOML, which is refused elsewhere.
            let cut = &WHOLE[..end];
            assert!(missing(WHOLE, Some(cut)).is_some() || cut.parse::<Table>().is_err(), "{cut:?}");
        }
        for empty in ["", "\n\n", "# only a comment\n", "[youtube]\n[log]\n"] {
            assert!(missing(WHOLE, Some(empty)).is_some(), "{empty:?}");
        }
        for edited in [
            WHOLE.to_owned(),
            WHOLE.replace("9000", "12"),
            WHOLE.replace("batch_size = 40\n", ""),
            WHOLE.replace("# ours\n", ""),
            format!("{WHOLE}format = \"json\"\n"),
        ] {
            assert_eq!(missing(WHOLE, Some(&edited)), None, "{edited:?}");
        }
        assert_eq!(missing("", Some("")), None, "there never was anything in it");
        assert_eq!(missing("# nothing\n", None), None);
    }
}
