//! Wallet files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorflix_chain::{HotkeyWallet, NoPasswords};

fuzz_target!(|content: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    std::fs::write(&file, content).expect("written");
    let _ = HotkeyWallet::open_file(&file, &NoPasswords);
});
