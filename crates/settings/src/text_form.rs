//! How URLs, addresses and paths are written in the file; an empty text means none.

/// A URL, without the slash that the parser adds to a bare host.
pub mod url {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use url::Url;

    /// Writes it as a text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
        let text = url.as_str();
        serializer.serialize_str(if url.path() == "/" { text.trim_end_matches('/') } else { text })
    }

    /// Reads it from a text.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A socket address or nothing.
pub mod optional_address {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::net::SocketAddr;

    /// Writes it as a text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(address: &Option<SocketAddr>, serializer: S) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_str(""),
        }
    }

    /// Reads it from a text.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}

/// A path or nothing.
pub mod optional_path {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::path::PathBuf;

    /// Writes it as a text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        match path {
            Some(path) => serializer.collect_str(&path.display()),
            None => serializer.serialize_str(""),
        }
    }

    /// Reads it from a text.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
}

/// A URL or nothing.
pub mod optional_url {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use url::Url;

    /// Writes it as a text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
        match url {
            Some(url) => super::url::serialize(url, serializer),
            None => serializer.serialize_str(""),
        }
    }

    /// Reads it from a text.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}

/// A URL that is a default.
///
/// # Panics
/// If the text is no URL.
#[expect(clippy::expect_used, reason = "the texts are constants, and a test makes every default")]
#[must_use]
pub fn constant_url(text: &str) -> ::url::Url {
    ::url::Url::parse(text).expect("a URL")
}
