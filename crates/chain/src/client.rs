//! The one handle to the chain: its settings and what is remembered between calls.
//!
//! A [`Client`] is cheap to clone and shares everything. Its methods are in the module of what they do: heads,
//! subnet, extrinsic, submit, recovery.

use crate::config::{ChainConfig, Settings, Tolerances};
use crate::connection::links::Links;
use crate::errors::ChainError;
use crate::reading::following::Following;
use crate::reading::runtimes::Runtimes;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A client of one chain; clones share the connection.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) links: Mutex<Links>,
    /// Held while other endpoints are asked instead of the one in use.
    pub(crate) opinions: Mutex<()>,
    pub(crate) runtimes: Mutex<Runtimes>,
    pub(crate) following: Mutex<Following>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("config", &self.inner.settings.config).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to the first endpoint that answers and serves the expected chain.
    ///
    /// # Errors
    /// [`ChainError::Unreachable`] (retry) if none answers, [`ChainError::WrongGenesis`] (stop) if none that answers
    /// serves the expected chain, [`ChainError::NoEndpoints`] (stop) if there is none.
    pub async fn connect(config: ChainConfig) -> Result<Self, ChainError> {
        let client = Self::unconnected(config);
        client.connection().await?;
        Ok(client)
    }

    /// A client that connects when it is first used.
    pub fn unconnected(config: ChainConfig) -> Self {
        Self::with_tolerances(config, Tolerances::default())
    }

    /// The same, with another patience than the usual one.
    pub fn with_tolerances(config: ChainConfig, tolerances: Tolerances) -> Self {
        let inner = Inner {
            settings: Settings { config, tolerances },
            links: Mutex::default(),
            opinions: Mutex::default(),
            runtimes: Mutex::default(),
            following: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The endpoint in use, connecting if there is none, for reports: without what may hold an access key.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn endpoint(&self) -> Result<String, ChainError> {
        Ok(self.connection().await?.endpoint.clone())
    }
}
