//! Wallets as they are found on an operator's disk.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use subxt::tx::Signer;
use subxt::utils::MultiSignature;
use tempfile::TempDir;
use tensorflix_chain::{HotkeyWallet, WalletError, WalletWarning};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wallets");
const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

/// A sample's content in a file of its own with the given mode.
fn key_file(content: &[u8], mode: u32) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("key");
    fs::write(&file, content).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("permissions");
    (directory, file)
}

fn sample(path: &str) -> Vec<u8> {
    fs::read(Path::new(SAMPLES).join(path)).expect("a sample")
}

fn open(content: &[u8]) -> Result<HotkeyWallet, WalletError> {
    let (_directory, file) = key_file(content, 0o600);
    HotkeyWallet::open_file(&file)
}

/// The sample with some of its JSON fields removed, and others set.
fn changed(path: &str, without: &[&str], with: &[(&str, serde_json::Value)]) -> Vec<u8> {
    let mut key: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&sample(path)).expect("JSON");
    key.retain(|name, _| !without.contains(&name.as_str()));
    key.extend(with.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    serde_json::to_vec(&key).expect("JSON")
}

fn assert_signs(wallet: &HotkeyWallet) {
    let MultiSignature::Sr25519(signature) = wallet.sign(b"a message") else { panic!("not sr25519") };
    let signature = subxt_signer::sr25519::Signature(signature);
    let public_key = subxt_signer::sr25519::PublicKey(*wallet.hotkey().public_key());
    assert!(subxt_signer::sr25519::verify(&signature, b"a message", &public_key));
}

#[test]
fn wallets_of_the_official_package_open_and_sign() {
    let directory = tempfile::tempdir().expect("a directory");
    for (wallet, hotkey) in [("t1", "h1"), ("t2", "h2")] {
        let hotkeys = directory.path().join(wallet).join("hotkeys");
        fs::create_dir_all(&hotkeys).expect("a directory");
        fs::write(hotkeys.join(hotkey), sample(&format!("{wallet}/hotkeys/{hotkey}"))).expect("a file");
        fs::set_permissions(hotkeys.join(hotkey), fs::Permissions::from_mode(0o600)).expect("permissions");
        let path = directory.path().to_str().expect("a path");
        let opened = HotkeyWallet::open(path, wallet, hotkey).expect("a key");
        assert_signs(&opened);
        assert_eq!(opened.warnings(), []);
        let address: serde_json::Value =
            serde_json::from_slice(&sample(&format!("{wallet}/hotkeys/{hotkey}pub.txt"))).expect("JSON");
        assert_eq!(address["ss58Address"], opened.hotkey().to_string());
    }
}

#[test]
fn every_shape_of_a_key_gives_the_same_hotkey() {
    let whole = open(&sample("t1/hotkeys/h1")).expect("a key").hotkey();
    for (name, without) in [
        ("private key only", &["secretSeed", "secretPhrase"][..]),
        ("seed only", &["privateKey", "secretPhrase"]),
        ("mnemonic only", &["privateKey", "secretSeed"]),
        ("without the public key's hexadecimal forms", &["publicKey", "accountId"]),
        ("without a key type", &["cryptoType"]),
    ] {
        let opened = open(&changed("t1/hotkeys/h1", without, &[])).expect(name);
        assert_eq!(opened.hotkey(), whole, "{name}");
        assert_signs(&opened);
    }
    let with_more = changed("t2/hotkeys/h2", &[], &[("added", serde_json::json!({"later": [1, 2]}))]);
    assert_eq!(open(&with_more).expect("a key").hotkey().to_string(), BOB);
}

#[test]
fn what_cannot_be_used_is_refused_by_its_own_message() {
    let other_key = [("publicKey", serde_json::json!(format!("0x{}", "11".repeat(32))))];
    for (content, expected) in [
        (sample("t2/coldkey"), "NaCl"),
        (b"$ANSIBLE_VAULT;1.1;AES256\n61".to_vec(), "Ansible Vault"),
        (b"gAAAAABkzz".to_vec(), "Fernet"),
        (changed("t1/hotkeys/h1", &[], &[("cryptoType", 0.into())]), "key type 0"),
        (changed("t1/hotkeys/h1", &[], &other_key), "the file is damaged"),
        (sample("t1/hotkeys/h1pub.txt"), "public key file"),
        (changed("t2/hotkeys/h2", &[], &[("privateKey", "0x00".into())]), "64 bytes"),
        (changed("t2/hotkeys/h2", &["publicKey", "accountId", "ss58Address"], &[]), "no public key"),
        (b"{".to_vec(), "not JSON"),
        (vec![0xff; 4], "not text"),
        (vec![b' '; 70_000], "too large"),
    ] {
        let error = open(&content).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let missing = HotkeyWallet::open("/nowhere", "default", "default").expect_err("no such file").to_string();
    assert!(missing.contains("/nowhere/default/hotkeys/default"), "{missing}");
}

#[test]
fn names_cannot_lead_out_of_the_wallets_directory() {
    for name in ["", ".", "..", "../t1", "a/b", "a\\b"] {
        assert!(matches!(HotkeyWallet::open(SAMPLES, name, "h1"), Err(WalletError::InvalidName(_))), "{name:?}");
        assert!(matches!(HotkeyWallet::open(SAMPLES, "t1", name), Err(WalletError::InvalidName(_))), "{name:?}");
    }
}

#[test]
fn open_permissions_are_warned_about_and_private_ones_are_not() {
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        let (_directory, file) = key_file(&sample("t1/hotkeys/h1"), mode);
        let wallet = HotkeyWallet::open_file(&file).expect("a key");
        let expected = warned.then_some(WalletWarning::OpenPermissions { file, mode });
        assert_eq!(wallet.warnings(), expected.as_slice(), "{mode:o}");
    }
}

#[test]
fn no_secret_shows_in_debug_output_or_errors() {
    let secrets: Vec<String> = {
        let key: serde_json::Value = serde_json::from_slice(&sample("t1/hotkeys/h1")).expect("JSON");
        let text = |name: &str| key[name].as_str().expect("a text").trim_start_matches("0x").to_owned();
        vec![text("privateKey"), text("secretSeed"), text("secretPhrase")]
    };
    let damaged =
        String::from_utf8(sample("t1/hotkeys/h1")).expect("text").replace("\"cryptoType\":1", "\"cryptoType\":\"x\"");
    let other = changed("t1/hotkeys/h1", &[], &[("publicKey", serde_json::json!("11".repeat(32)))]);
    let wallet = open(&sample("t1/hotkeys/h1")).expect("a key");
    let mut shown = format!("{wallet:?}");
    for content in [damaged.as_bytes(), &other] {
        let error = open(content).expect_err("a refusal");
        shown += &format!("{error} {error:?}");
    }
    for secret in secrets {
        assert!(!shown.contains(&secret));
    }
}

#[test]
fn secret_uris_give_the_well_known_keys() {
    assert_eq!(HotkeyWallet::from_uri("//Bob").expect("a key").hotkey().to_string(), BOB);
    assert!(HotkeyWallet::from_uri("not a mnemonic").is_err());
}

/// The secrets of a sample key file: no error may show them.
fn secrets_of(key: &[u8]) -> Vec<String> {
    let key: serde_json::Value = serde_json::from_slice(key).expect("JSON");
    ["secretPhrase", "secretSeed", "privateKey"]
        .iter()
        .filter_map(|name| Some(key.get(*name)?.as_str()?.trim_start_matches("0x").to_owned()))
        .filter(|secret| !secret.is_empty())
        .collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::with_cases(300)
    })]

    #[test]
    fn any_bytes_are_a_wallet_or_are_refused_without_a_panic(content in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        if let Err(error) = open(&content) {
            assert!(error.to_string().len() < 2_000);
        }
    }

    #[test]
    fn a_spoilt_key_file_is_refused_without_a_panic_and_without_its_secret(
        changes in proptest::collection::vec((0_usize..2_000, proptest::num::u8::ANY), 1..6),
        cut in proptest::option::of(0_usize..600),
    ) {
        let sound = sample("t1/hotkeys/h1");
        let mut content = sound.clone();
        for (place, byte) in changes {
            let place = place % content.len();
            content[place] = byte;
        }
        content.truncate(cut.unwrap_or(content.len()));
        match open(&content) {
            Ok(wallet) => assert!(!format!("{wallet:?}").contains("secret")),
            Err(error) => {
                let shown = format!("{error} {error:?}");
                for secret in secrets_of(&sound) {
                    assert!(!shown.contains(&secret), "{shown}");
                }
            }
        }
    }
}
