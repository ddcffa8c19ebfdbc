//! What jsonrpsee asks of rustls-platform-verifier 0.5, answered by release 0.7.
//!
//! One code then judges certificates for nodes and for platforms, the newer one. Goes as soon as jsonrpsee takes a newer release
//! itself.

use rustls::{ClientConfig, RootCertStore};

/// Settings of TLS that trust what the operating system trusts.
pub trait ConfigVerifierExt {
    /// Settings with the platform's verifier and the process's cryptography; they trust nobody if the system's certificates
    /// cannot be read, since this interface has no error.
    fn with_platform_verifier() -> ClientConfig;
}

impl ConfigVerifierExt for ClientConfig {
    fn with_platform_verifier() -> ClientConfig {
        let trusts_nobody = |_| {
            let nobody = RootCertStore::empty();
            ClientConfig::builder().with_root_certificates(nobody).with_no_client_auth()
        };
        <ClientConfig as verifier::ConfigVerifierExt>::with_platform_verifier().unwrap_or_else(trusts_nobody)
    }
}
