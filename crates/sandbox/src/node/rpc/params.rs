//! Parameters as Substrate's clients send them: bytes and hashes in hexadecimal, numbers either way.

use jsonrpsee::types::error::INVALID_PARAMS_CODE;
use jsonrpsee::types::params::ParamsSequence;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::Value;

use crate::node::header::Hash;

/// Reads parameters by their place.
pub(super) struct Arguments<'a> {
    sequence: ParamsSequence<'a>,
}

impl<'a> Arguments<'a> {
    pub fn new(params: &'a Params<'_>) -> Self {
        Self { sequence: params.sequence() }
    }

    /// The next parameter; none if it is absent or null.
    pub fn optional(&mut self) -> Result<Option<Value>, ErrorObjectOwned> {
        let value = self.sequence.optional_next::<Value>().map_err(|error| invalid(error.message()))?;
        Ok(value.filter(|value| !value.is_null()))
    }

    pub fn required(&mut self) -> Result<Value, ErrorObjectOwned> {
        self.optional()?.ok_or_else(|| invalid("a parameter is missing"))
    }

    pub fn bytes(&mut self) -> Result<Vec<u8>, ErrorObjectOwned> {
        bytes_of(&self.required()?)
    }

    pub fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, ErrorObjectOwned> {
        self.optional()?.as_ref().map(bytes_of).transpose()
    }

    pub fn list_of_bytes(&mut self) -> Result<Vec<Vec<u8>>, ErrorObjectOwned> {
        match self.required()? {
            Value::Array(items) => items.iter().map(bytes_of).collect(),
            _ => Err(invalid("a list was expected")),
        }
    }

    pub fn optional_hash(&mut self) -> Result<Option<Hash>, ErrorObjectOwned> {
        self.optional()?.as_ref().map(hash_of).transpose()
    }

    pub fn hash(&mut self) -> Result<Hash, ErrorObjectOwned> {
        hash_of(&self.required()?)
    }

    pub fn text(&mut self) -> Result<String, ErrorObjectOwned> {
        match self.required()? {
            Value::String(text) => Ok(text),
            _ => Err(invalid("a string was expected")),
        }
    }

    pub fn number(&mut self) -> Result<u64, ErrorObjectOwned> {
        number_of(&self.required()?)
    }
}

/// A number, or one in hexadecimal.
pub(super) fn number_of(value: &Value) -> Result<u64, ErrorObjectOwned> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()),
        _ => None,
    };
    number.ok_or_else(|| invalid("a number was expected"))
}

fn bytes_of(value: &Value) -> Result<Vec<u8>, ErrorObjectOwned> {
    let text = value.as_str().ok_or_else(|| invalid("hexadecimal bytes were expected"))?;
    let digits = text.strip_prefix("0x").ok_or_else(|| invalid("0x prefix is missing"))?;
    hex::decode(digits).map_err(|error| invalid(&error.to_string()))
}

fn hash_of(value: &Value) -> Result<Hash, ErrorObjectOwned> {
    bytes_of(value)?.try_into().map_err(|_| invalid("a hash of 32 bytes was expected"))
}

pub(super) fn invalid(why: &str) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(INVALID_PARAMS_CODE, format!("Invalid params: {why}"), None::<()>)
}
