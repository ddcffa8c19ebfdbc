//! Passwords of encrypted keys: from the environment, a file or the terminal.

use secrecy::SecretString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use tensorflix_chain::Passwords;

/// The sources that this process has.
#[derive(Clone, Debug)]
pub struct ProcessPasswords {
    /// The file that `[wallet] password_file` names.
    pub file: Option<PathBuf>,
}

impl Passwords for ProcessPasswords {
    fn variable(&self, name: &str) -> Option<SecretString> {
        std::env::var(name).ok().map(SecretString::from)
    }

    fn file(&self) -> Option<PathBuf> {
        self.file.clone()
    }

    fn ask(&self, key: &Path) -> Option<io::Result<SecretString>> {
        io::stdin().is_terminal().then(|| {
            let question = format!("Password of the key {} (hidden; checking takes some seconds): ", key.display());
            rpassword::prompt_password(question).map(SecretString::from)
        })
    }
}
