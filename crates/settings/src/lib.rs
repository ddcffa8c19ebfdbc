//! How settings are stated: each one once, with its name, type, default, range and purpose.
//!
//! [`settings!`] turns the statements of a section into a struct, its defaults and a [`Section`], which lists every key with
//! the values it accepts. The process reads, checks and documents settings from that list. A crate states its own settings
//! next to the code that uses them: each platform does so in its folder.
//!
//! This crate reads no file and no environment variable, and it knows no setting itself.

mod bounds;
mod forms;
mod kind;
mod stated;
mod statement;
pub mod text_form;

pub use bounds::{BASE_URL, BURST, IN_FLIGHT, RATE, SECRET_FILE, TIMEOUT};
pub use forms::{HTTP_URL, OPTIONAL_HTTP_URL, is_file_path, is_url};
pub use kind::{Form, Kind, LONGEST_LIST};
pub use stated::{Stated, StatedSection};
pub use statement::{Section, Setting, Terms, integer, list, number, one_of, text};

/// What the macro needs of other crates.
#[doc(hidden)]
pub mod macro_support {
    pub use serde;
}
