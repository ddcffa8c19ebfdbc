//! What can be wrong with a key file, and what the operator does about it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use tensorflix_domain::ids::Hotkey;

/// Something the operator should correct, though the key works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletWarning {
    /// Others on this machine can read the key, or the password that opens it.
    OpenPermissions {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Others on this machine can read the file with the password.
    OpenPasswordFile {
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for WalletWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenPermissions { file, mode } => {
                let file = file.display();
                write!(formatter, "{file} can be read by others (mode {mode:03o}): run `chmod 600 {file}`")
            }
            Self::OpenPasswordFile { mode } => {
                let file = "the file that `password_file` names";
                write!(formatter, "{file} can be read by others (mode {mode:03o}): run `chmod 600` on it")
            }
        }
    }
}

/// Why a key cannot be used. All of these stop: the operator has to correct the wallet or its settings.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The file cannot be read.
    #[error("cannot read the key {file} ({source}): check the settings in [wallet]")]
    Unreadable {
        /// The key's file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The name of a wallet or a hotkey would lead out of the wallets' directory.
    #[error("`{0}` is not a valid name of a wallet or hotkey")]
    InvalidName(String),
    /// The file is encrypted in a way that Bittensor no longer supports.
    #[error(
        "the key {file} is encrypted with {kind}, which Bittensor no longer supports: convert it, in Python with bittensor-wallet \
         (`Keyfile(path).decrypt()`, then `.encrypt()`), or regenerate it from its mnemonic (`btcli wallet regen-hotkey`)"
    )]
    OldEncryption {
        /// The key's file.
        file: PathBuf,
        /// How it is encrypted.
        kind: &'static str,
    },
    /// The file is encrypted, and no password was given.
    #[error(
        "the key {file} is encrypted, and no password was given: set `password_file` in [wallet] to a file that \
         contains it, set {variable} as Bittensor's own tools do, or start at a terminal to be asked"
    )]
    NoPassword {
        /// The key's file.
        file: PathBuf,
        /// The environment variable that would be read.
        variable: String,
    },
    /// A password was given in a form that cannot be used.
    #[error("the password of the key {file} could not be read from {from}: {problem}")]
    UnusablePassword {
        /// The key's file.
        file: PathBuf,
        /// Where the password was searched for.
        from: PasswordOrigin,
        /// What is wrong; never the password.
        problem: String,
    },
    /// The password does not open the file.
    #[error("the password from {from} does not open the key {file}: correct it (or the file is damaged)")]
    WrongPassword {
        /// The key's file.
        file: PathBuf,
        /// Where the password came from.
        from: PasswordOrigin,
    },
    /// There is not enough memory to derive the encryption key.
    #[error(
        "the key {file} is encrypted, and opening it takes {mebibytes} MiB of memory for some seconds: free some memory"
    )]
    NoMemory {
        /// The key's file.
        file: PathBuf,
        /// What it takes.
        mebibytes: u32,
    },
    /// The file is not a key file.
    #[error("{file} is not a Bittensor key file: {problem}")]
    NotAKey {
        /// The key's file.
        file: PathBuf,
        /// What is wrong with it; never its content.
        problem: &'static str,
    },
    /// The key is of another kind.
    #[error("the key {file} has key type {crypto_type}; Bittensor keys have sr25519 (type 1)")]
    WrongKeyType {
        /// The key's file.
        file: PathBuf,
        /// The `cryptoType` it names.
        crypto_type: u64,
    },
    /// The secret key belongs to another public key.
    #[error("the private key in {file} belongs to {built}, but the file says {named}: the file is damaged")]
    OtherPublicKey {
        /// The key's file.
        file: PathBuf,
        /// The address of the private key.
        built: Hotkey,
        /// The address that the file names.
        named: Hotkey,
    },
}

/// Where a password came from, to be named in an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOrigin {
    /// An environment variable.
    Variable(String),
    /// The file that `password_file` names; its path is not shown, as the password itself may be there by mistake.
    File,
    /// The user at a terminal.
    Terminal,
}

impl fmt::Display for PasswordOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "the variable {name}"),
            Self::File => formatter.write_str("the file that `password_file` names"),
            Self::Terminal => formatter.write_str("the terminal"),
        }
    }
}
