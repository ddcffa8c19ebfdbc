//! Commitments, hotkeys and times: what is written again reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tensorflix_domain::chain_time::Moment;
use tensorflix_domain::commitment::GistPointer;
use tensorflix_domain::ids::Hotkey;
use tensorflix_domain::ownership::owner_tag;

fuzz_target!(|text: &str| {
    if let Ok(pointer) = text.parse::<GistPointer>() {
        assert_eq!(pointer.to_string().parse(), Ok(pointer));
    }
    if let Ok(hotkey) = text.parse::<Hotkey>() {
        assert_eq!(hotkey.to_string().parse().ok(), Some(hotkey));
    }
    let _ = Moment::parse(text);
    owner_tag(text, "{hotkey}");
});
