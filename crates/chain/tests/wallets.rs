//! Wallets as they are found on an operator's disk.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

use secrecy::SecretString;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use subxt::tx::Signer;
use subxt::utils::MultiSignature;
use tempfile::TempDir;
use tensorflix_chain::{
    HotkeyWallet, NoPasswords, PasswordOrigin, Passwords, WalletError, WalletWarning, password_variable,
};

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
    HotkeyWallet::open_file(&file, &NoPasswords)
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
        let opened = HotkeyWallet::open(path, wallet, hotkey, &NoPasswords).expect("a key");
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
        (b"$ANSIBLE_VAULT;1.1;AES256\n61".to_vec(), "encrypted with Ansible Vault"),
        (b"gAAAAABkzz".to_vec(), "encrypted with Fernet"),
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
        let told_how = error.contains("bittensor-wallet") && error.contains("regen-hotkey");
        assert_eq!(told_how, expected.starts_with("encrypted with"), "{error}");
    }
    let missing =
        HotkeyWallet::open("/nowhere", "default", "default", &NoPasswords).expect_err("no such file").to_string();
    assert!(missing.contains("/nowhere/default/hotkeys/default"), "{missing}");
}

#[test]
fn names_cannot_lead_out_of_the_wallets_directory() {
    for name in ["", ".", "..", "../t1", "a/b", "a\\b"] {
        assert!(
            matches!(HotkeyWallet::open(SAMPLES, name, "h1", &NoPasswords), Err(WalletError::InvalidName(_))),
            "{name:?}"
        );
        assert!(
            matches!(HotkeyWallet::open(SAMPLES, "t1", name, &NoPasswords), Err(WalletError::InvalidName(_))),
            "{name:?}"
        );
    }
}

#[test]
fn open_permissions_are_warned_about_and_private_ones_are_not() {
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        let (_directory, file) = key_file(&sample("t1/hotkeys/h1"), mode);
        let wallet = HotkeyWallet::open_file(&file, &NoPasswords).expect("a key");
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

/// The password of the encrypted sample, as its maker set it.
const PASSWORD: &str = "pw-test-1";

/// Passwords from where a test has them; what was asked for is kept.
#[derive(Default)]
struct Offered {
    variable: Option<(String, String)>,
    file: Option<PathBuf>,
    /// Typed in this order; nobody is at the terminal once they are used up.
    typed: RefCell<Vec<&'static str>>,
    terminal_fails: bool,
}

impl Passwords for Offered {
    fn variable(&self, name: &str) -> Option<SecretString> {
        self.variable.as_ref().filter(|(known, _)| known == name).map(|(_, value)| SecretString::from(value.as_str()))
    }

    fn file(&self) -> Option<PathBuf> {
        self.file.clone()
    }

    fn ask(&self, _: &Path) -> Option<io::Result<SecretString>> {
        if self.terminal_fails {
            return Some(Err(io::Error::other("the terminal went away")));
        }
        let mut typed = self.typed.borrow_mut();
        (!typed.is_empty()).then(|| Ok(SecretString::from(typed.remove(0))))
    }
}

fn password_file(content: &str, mode: u32) -> (TempDir, PathBuf) {
    key_file(content.as_bytes(), mode)
}

/// As bittensor-wallet hides a password in a variable.
fn masked(name: &str, password: &str) -> String {
    use base64::Engine;
    let bytes: Vec<u8> = password.bytes().zip(name.bytes().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// One derivation takes a second and 512 MiB, so one test opens once from every source that can be right.
#[test]
fn an_encrypted_key_of_the_official_package_opens_with_its_password() {
    let (_directory, file) = key_file(&sample("t2/coldkey"), 0o600);
    let address: serde_json::Value = serde_json::from_slice(&sample("t2/coldkeypub.txt")).expect("JSON");
    let name = password_variable(&file);
    let from_variable = Offered { variable: Some((name.clone(), masked(&name, PASSWORD))), ..Offered::default() };
    let opened = HotkeyWallet::open_file(&file, &from_variable).expect("a key");
    assert_eq!(address["ss58Address"], opened.hotkey().to_string());
    assert_eq!(opened.warnings(), []);
    assert_signs(&opened);
    let (_directory, readable) = password_file("pw-test-1\nand more\n", 0o644);
    let from_file = Offered { file: Some(readable.clone()), ..Offered::default() };
    let opened = HotkeyWallet::open_file(&file, &from_file).expect("a key");
    assert_eq!(address["ss58Address"], opened.hotkey().to_string());
    assert_eq!(opened.warnings(), [WalletWarning::OpenPasswordFile { mode: 0o644 }]);
}

/// A box too short to hold anything: no password opens it, and none costs a derivation.
fn never_opens() -> (TempDir, PathBuf) {
    key_file(b"$NACL and too short", 0o600)
}

#[test]
fn who_mistypes_a_password_is_asked_no_more_than_three_times() {
    let (_directory, file) = never_opens();
    let offered = Offered { typed: RefCell::new(vec!["a", "b", "c", PASSWORD]), ..Offered::default() };
    let error = HotkeyWallet::open_file(&file, &offered).expect_err("a refusal");
    assert!(matches!(error, WalletError::WrongPassword { from: PasswordOrigin::Terminal, .. }), "{error}");
    assert_eq!(*offered.typed.borrow(), [PASSWORD]);
}

#[test]
fn a_wrong_password_from_a_file_or_variable_names_its_source_and_ends_there() {
    let (_directory, file) = never_opens();
    let (_directory, wrong) = password_file("another", 0o600);
    let name = password_variable(&file);
    for (offered, named) in [
        (Offered { file: Some(wrong.clone()), ..Offered::default() }, "the file that `password_file` names".to_owned()),
        (Offered { variable: Some((name.clone(), masked(&name, "another"))), ..Offered::default() }, name.clone()),
    ] {
        let offered = Offered { typed: RefCell::new(vec![PASSWORD]), ..offered };
        let error = HotkeyWallet::open_file(&file, &offered).expect_err("a refusal").to_string();
        assert!(error.contains(&named) && error.contains("does not open"), "{error}");
        assert_eq!(offered.typed.borrow().len(), 1, "nobody is asked when a source has a password");
    }
}

#[test]
fn a_password_that_cannot_be_had_is_told_with_its_source_and_what_to_do() {
    let (_directory, file) = key_file(&sample("t2/coldkey"), 0o600);
    let name = password_variable(&file);
    let variable = |value: &str| Offered { variable: Some((name.clone(), value.to_owned())), ..Offered::default() };
    let (_directory, empty) = password_file("\n", 0o600);
    let (_directory, long) = password_file(&"x".repeat(5_000), 0o600);
    let in_file = |file: &Path| Offered { file: Some(file.to_owned()), ..Offered::default() };
    for (offered, expected) in [
        (Offered::default(), "password_file"),
        (Offered::default(), name.as_str()),
        (variable("not base64!"), "not base64"),
        (variable(""), "empty"),
        (in_file(Path::new("/nowhere/pw")), "cannot be read"),
        (in_file(&empty), "first line is empty"),
        (in_file(&long), "longer than any password"),
        (Offered { terminal_fails: true, ..Offered::default() }, "went away"),
    ] {
        let error = HotkeyWallet::open_file(&file, &offered).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn the_variable_of_a_password_has_the_name_that_bittensors_tools_give_it() {
    for (file, name) in [
        ("/home/op/.bittensor/wallets/v/hotkeys/h-1", "BT_PW__HOME_OP__BITTENSOR_WALLETS_V_HOTKEYS_H-1"),
        ("/w/default/coldkey", "BT_PW__W_DEFAULT_COLDKEY"),
    ] {
        assert_eq!(password_variable(Path::new(file)), name);
    }
}

#[test]
fn a_damaged_encrypted_file_is_refused_and_a_key_in_the_clear_asks_for_no_password() {
    for content in [b"$NACL".to_vec(), b"$NACL and too short".to_vec()] {
        let (_directory, file) = key_file(&content, 0o600);
        let offered = Offered { typed: RefCell::new(vec!["a", "b", "c"]), ..Offered::default() };
        let error = HotkeyWallet::open_file(&file, &offered).expect_err("a refusal");
        assert!(error.to_string().contains("damaged"), "{error}");
    }
    let (_directory, file) = key_file(&sample("t1/hotkeys/h1"), 0o600);
    let offered = Offered { typed: RefCell::new(vec!["never asked"]), ..Offered::default() };
    HotkeyWallet::open_file(&file, &offered).expect("a key");
    assert_eq!(offered.typed.borrow().len(), 1);
}

#[test]
fn an_encrypted_hotkey_opens_at_the_second_try_and_signs() {
    let seal = |content: &[u8]| {
        use crypto_secretbox::aead::{Aead, KeyInit};
        let params = argon2::Params::new(524_288, 8, 1, Some(32)).expect("parameters");
        let mut key = [0; 32];
        argon2::Argon2::new(argon2::Algorithm::Argon2i, argon2::Version::V0x13, params)
            .hash_password_into(PASSWORD.as_bytes(), b"\x13q\x83\xdf\xf1Z\t\xbc\x9c\x90\xb5Q\x879\xe9\xb1", &mut key)
            .expect("a key");
        let sealed =
            crypto_secretbox::XSalsa20Poly1305::new(&key.into()).encrypt(&[7; 24].into(), content).expect("a box");
        [b"$NACL".as_slice(), &[7; 24], &sealed].concat()
    };
    let (_directory, file) = key_file(&seal(&sample("t2/hotkeys/h2")), 0o600);
    let offered = Offered { typed: RefCell::new(vec!["pw-test-l", PASSWORD]), ..Offered::default() };
    let opened = HotkeyWallet::open_file(&file, &offered).expect("a key");
    assert_eq!(opened.hotkey().to_string(), BOB);
    assert_signs(&opened);
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
