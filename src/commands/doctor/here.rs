//! Checks that need no network: settings, keys, disk.

use super::finding::Finding;
use crate::config::{Config, PlatformSettings};
use crate::text::profiles::profile_words;
use crate::wiring::connections;
use std::path::{Path, PathBuf};
use tensorflix_actors::platforms::{KEY_FILE, PlatformSpec};
use tensorflix_domain::verification::Check;

/// Free space below which a store may be full within days, and below which it may be at any moment.
const LITTLE_SPACE_MIB: u64 = 1_024;
const NO_SPACE_MIB: u64 = 64;

const MEBIBYTE: u64 = 1024 * 1024;

pub(crate) fn settings(config: &Config) -> Vec<Finding> {
    if config.warnings.is_empty() {
        return vec![Finding::well("settings", format!("all settings are valid; {}", profile_words(&config.policy())))];
    }
    let doubtful = |warning: &String| Finding::doubtful("settings", warning, "Correct it in the configuration file.");
    config.warnings.iter().map(doubtful).collect()
}

/// Whether keys are set. Whether they are valid is not checked, because that would use quota.
pub(crate) fn keys(config: &Config) -> Vec<Finding> {
    let secrets = &config.secrets;
    let of_platform = |settings: &PlatformSettings| {
        let PlatformSpec { platform, .. } = settings.spec;
        let title = platform.rules().title;
        match secrets.keys_of(*platform).len() {
            0 => Finding::doubtful(
                "keys",
                format!("{title}: no API key; its submissions stay pending (platform_unavailable)"),
                format!(
                    "Set the environment variable {}, or set {platform}.{KEY_FILE} to a file with the key.",
                    settings.spec.key_variable()
                ),
            ),
            1 => Finding::well("keys", format!("{title}: 1 key; {}", settings.budget())),
            count => Finding::well("keys", format!("{title}: {count} keys; {}", settings.budget())),
        }
    };
    let mut findings: Vec<Finding> = config.platforms.iter().map(of_platform).collect();
    findings.push(match &secrets.github_token {
        None => {
            Finding::well("keys", "GitHub: no token, which is enough to read gists; owners are confirmed more slowly")
        }
        Some(_) => Finding::well("keys", "GitHub: a token"),
    });
    findings.extend(connections::unchecked(config).into_iter().map(|check| {
        let decides = connections::decides_alone(check);
        let found = format!("no detector is configured for the check `{check}`: {decides}");
        match check {
            // Complete without a detector, and so by default.
            Check::Ai | Check::Illicit => Finding::well("keys", found),
            Check::Topic => Finding::doubtful(
                "keys",
                found,
                "Set webhook.url, or switch the check off with verifier.topic = \"off\".",
            ),
        }
    }));
    findings
}

pub(crate) fn disk(config: &Config) -> Vec<Finding> {
    let mut findings = vec![space("disk", &folder_of_store(&config.store.url))];
    if let Some(log) = &config.log.file {
        findings.push(space("log", &folder_of(log)));
    }
    findings
}

fn space(subject: &'static str, folder: &Path) -> Finding {
    let shown = folder.display();
    let free = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize) / MEBIBYTE,
        Err(error) => {
            return Finding::wrong(
                subject,
                format!("{shown} cannot be used: {error}"),
                "Create the folder, or set store.url or log.file to another one.",
            );
        }
    };
    if let Err(error) = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
        return Finding::wrong(
            subject,
            format!("{shown} cannot be written: {error}"),
            "Give this user write permission.",
        );
    }
    let found = format!("{free} MiB free in {shown}");
    if free < NO_SPACE_MIB {
        Finding::wrong(subject, found, "Free disk space now: the store will soon be unable to write.")
    } else if free < LITTLE_SPACE_MIB {
        Finding::doubtful(subject, found, "Free disk space, or lower store.keep_days.")
    } else {
        Finding::well(subject, found)
    }
}

fn folder_of_store(url: &str) -> PathBuf {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    folder_of(Path::new(path.split('?').next().unwrap_or(path)))
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::State;

    #[test]
    fn the_folder_of_a_store_is_that_of_its_file() {
        for (url, folder) in [
            ("sqlite://validator.db", "."),
            ("sqlite:validator.db", "."),
            ("sqlite:///var/lib/tensorflix/validator.db", "/var/lib/tensorflix"),
            ("sqlite://data/validator.db?mode=rwc", "data"),
        ] {
            assert_eq!(folder_of_store(url), Path::new(folder), "{url}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_wrong_and_named() {
        let finding = space("disk", Path::new("/no/such/folder"));
        assert_eq!(finding.state, State::Wrong);
        assert!(finding.found.contains("/no/such/folder"), "{finding:?}");
    }
}
