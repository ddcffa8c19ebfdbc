//! Passwords of encrypted keys, as a process can have them: its environment, a file, its terminal.

use secrecy::SecretString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use tensorflix_chain::Passwords;

/// What this process can offer.
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
            let question = format!("Password of the key {} (not shown; some seconds to check): ", key.display());
            rpassword::prompt_password(question).map(SecretString::from)
        })
    }
}
