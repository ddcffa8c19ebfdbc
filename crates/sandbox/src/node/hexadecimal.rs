//! Bytes as text, the way Substrate's JSON has them.

/// Bytes as Substrate's JSON shows them: hexadecimal with `0x`.
pub(crate) fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}
