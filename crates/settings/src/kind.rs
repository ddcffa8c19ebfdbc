//! What values a setting may have: one check for the file, the environment and the command line.
//!
//! A kind knows its bounds and can describe them in a sentence, so that an error and its check cannot disagree.

use toml::Value;

/// The values that a setting accepts.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number, both ends included.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A finite number, both ends included.
    Float {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
    },
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A text of some form.
    Text(Form),
    /// At most [`LONGEST_LIST`] texts of one form.
    List(Form),
}

/// A form of text: what it is called, and which texts have it.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// "a URL that …", to follow "must be".
    pub is: &'static str,
    /// Whether a text has the form.
    pub accepts: fn(&str) -> bool,
}

/// Most entries of a list.
pub const LONGEST_LIST: usize = 16;
/// Most characters of a text.
const LONGEST_TEXT: usize = 2048;

impl Kind {
    /// The value as the setting wants it, or `None` if it is out of bounds. A whole number serves as a float.
    pub fn accept(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Integer { min, max }, Value::Integer(number)) => {
                (min..=max).contains(number).then_some(Value::Integer(*number))
            }
            (Self::Float { min, max }, Value::Float(number)) => {
                (min..=max).contains(number).then_some(Value::Float(*number))
            }
            (Self::Float { .. }, Value::Integer(number)) => {
                let whole = i32::try_from(*number).ok()?;
                self.accept(&Value::Float(f64::from(whole)))
            }
            (Self::Choice(words), Value::String(text)) => {
                words.contains(&text.as_str()).then(|| Value::String(text.clone()))
            }
            (Self::Text(form), Value::String(text)) => form.holds(text).then(|| Value::String(text.clone())),
            (Self::List(form), Value::Array(entries)) => {
                let all_hold = entries.iter().all(|entry| entry.as_str().is_some_and(|text| form.holds(text)));
                (all_hold && entries.len() <= LONGEST_LIST).then(|| Value::Array(entries.clone()))
            }
            _ => None,
        }
    }

    /// Reads a text from the environment. A text that is not a number stays a text, for [`Kind::accept`] to reject.
    pub fn read(self, text: &str) -> Value {
        let number = match self {
            Self::Integer { .. } => text.trim().parse().ok().map(Value::Integer),
            Self::Float { .. } => text.trim().parse().ok().map(Value::Float),
            Self::List(_) => Some(Value::Array(
                text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(Value::from).collect(),
            )),
            Self::Choice(_) => Some(Value::from(text.trim())),
            Self::Text(_) => None,
        };
        number.unwrap_or_else(|| Value::from(text))
    }

    /// What is allowed, to follow "must be".
    pub fn allowed(self) -> String {
        match self {
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Float { min, max } => format!("a number from {min} to {max}"),
            Self::Choice(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::Text(form) => form.is.to_owned(),
            Self::List(form) => format!("a list of at most {LONGEST_LIST} texts, each {}", form.is),
        }
    }

    /// The range of a number, in words.
    pub fn range(self) -> Option<String> {
        match self {
            Self::Integer { min, max: i64::MAX } => Some(format!("{min} or more")),
            Self::Integer { min, max } => Some(format!("{min} to {max}")),
            Self::Float { min, max } => Some(format!("{min} to {max}")),
            Self::Choice(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// Whether a wrong value may be repeated in an error. Free text may be a secret in the wrong place, or a URL
    /// with one in it.
    pub const fn may_be_shown(self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Float { .. } | Self::Choice(_))
    }
}

impl Form {
    fn holds(self, text: &str) -> bool {
        text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control) && (self.accepts)(text)
    }
}
