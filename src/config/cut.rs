//! Whether a reloaded configuration file is complete. A file that is being written, or was truncated by a full disk, is often
//! valid, and would reset every setting that it no longer contains to its default.

use toml::{Table, Value};

/// Why a file must not replace the one in force; `None` if it may.
pub fn missing(in_force: &str, now: Option<&str>) -> Option<String> {
    let before = settings(in_force)?;
    if before.is_empty() {
        return None;
    }
    let Some(now) = now else { return Some("the file no longer exists".to_owned()) };
    // A file that is not TOML is refused elsewhere, with its line.
    let after = settings(now)?;
    if after.is_empty() {
        return Some("the file no longer contains any setting".to_owned());
    }
    if let Some(section) = sections(&before).find(|section| !sections(&after).any(|one| one == *section)) {
        return Some(format!("the file no longer contains section [{section}]"));
    }
    let is_shorter = after.len() < before.len() && in_force.starts_with(now.trim_end());
    let ends_in_a_line = in_force.ends_with('\n') && !now.ends_with('\n');
    (is_shorter || ends_in_a_line).then(|| "the file ends too early and seems truncated".to_owned())
}

/// The settings in a file, as section and key.
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
        assert!(missing(WHOLE, None).is_some_and(|why| why.contains("no longer exists")));
        for end in 0..WHOLE.len() - 1 {
            // A file that is cut within a line may not be TOML, which is refused elsewhere.
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
