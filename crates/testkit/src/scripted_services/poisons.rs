//! Members that make a JSON object unreadable.

/// Members of an object that no JSON reader takes, each for another reason.
pub fn poisons() -> Vec<Vec<u8>> {
    let deep = [b"\"x\": ".to_vec(), b"[".repeat(50_000), b"]".repeat(50_000)].concat();
    let wide = [b"\"x\": [0".to_vec(), b",0".repeat(150_000), b"]".to_vec()].concat();
    let mut poisons = vec![deep, wide];
    let short: [&[u8]; 8] = [
        b"\"x\": 1e999",
        b"\"x\": -1e999",
        b"\"x\": \"\\ud800\"",
        b"\"x\": \"\\udc00\\ud800\"",
        b"\"x\": \"\\q\"",
        b"\"x\": \"a\tb\nc\x00\"",
        b"\"x\": nul",
        b"\"x\": [1, 2 3]",
    ];
    poisons.extend(short.map(<[u8]>::to_vec));
    poisons
}
