//! How a setting is stated: once, as a field with its default and its terms.
//!
//! [`settings!`] turns the statements of a section into its struct (with `serde`), its `Default`, and a [`Section`] that
//! lists every key with what it accepts and what it is for. Reading, errors, `config.toml` and `docs/settings.md` all use
//! that list.
//!
//! The macro is ours because no library does both: `confique` has statements like these, and `schemars` keeps their
//! ranges, but their readers stop at the first error and do not report its line, or which source it came from.

use std::ops::RangeInclusive;

use super::kind::{Form, Kind};

/// A section of the file.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name in the file.
    pub name: &'static str,
    /// Its description, by line, as written after `///`.
    pub about: &'static [&'static str],
    /// Its settings, in the order of `config.toml`.
    pub settings: &'static [Setting],
}

/// A key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the file.
    pub key: &'static str,
    /// What it is for, by line, as written after `///`.
    pub why: &'static [&'static str],
    /// What is allowed.
    pub terms: Terms,
}

/// What is stated of a setting beside its type, default and purpose.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The values that it accepts.
    pub kind: Kind,
    /// The unit of a number, in the plural.
    pub unit: Option<&'static str>,
    /// A variable of its own that sets it, beside the one that every setting has.
    pub variable: Option<&'static str>,
    /// For a setting that names the file of a secret: the variable that holds the secret itself.
    pub secret_variable: Option<&'static str>,
    /// Whether a reload (SIGHUP) applies it; otherwise a restart does.
    pub reloads: bool,
}

/// A whole number, both ends included.
pub const fn integer(range: RangeInclusive<i64>) -> Terms {
    Terms::of(Kind::Integer { min: *range.start(), max: *range.end() })
}

/// A finite number, both ends included.
pub const fn number(range: RangeInclusive<f64>) -> Terms {
    Terms::of(Kind::Float { min: *range.start(), max: *range.end() })
}

/// One of a few words. The setting's purpose must describe each of them.
pub const fn one_of(words: &'static [&'static str]) -> Terms {
    Terms::of(Kind::Choice(words))
}

/// A text of some form.
pub const fn text(form: Form) -> Terms {
    Terms::of(Kind::Text(form))
}

/// A list of texts of one form.
pub const fn list(form: Form) -> Terms {
    Terms::of(Kind::List(form))
}

impl Terms {
    const fn of(kind: Kind) -> Self {
        Self { kind, unit: None, variable: None, secret_variable: None, reloads: false }
    }

    /// Its number is in this unit.
    pub const fn unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// This environment variable sets it too.
    pub const fn variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    /// The secret in the file that it names can also come from this environment variable.
    pub const fn secret_variable(self, name: &'static str) -> Self {
        Self { secret_variable: Some(name), ..self }
    }

    /// A reload applies it.
    pub const fn reloads(self) -> Self {
        Self { reloads: true, ..self }
    }

    /// In brackets: the range of a number, variables of its own, whether a reload applies it. Empty if there are none.
    pub fn in_brackets(&self) -> String {
        let range = self.range();
        let variable = self.variable.map(|name| format!("environment {name}"));
        let secret = self.secret_variable.map(|name| format!("or environment {name}"));
        let reloads = self.reloads.then(|| "reloads".to_owned());
        let facts: Vec<_> = [range, variable, secret, reloads].into_iter().flatten().collect();
        if facts.is_empty() { String::new() } else { format!("[{}]", facts.join("; ")) }
    }

    /// The range of a number, with its unit.
    pub fn range(&self) -> Option<String> {
        let range = self.kind.range()?;
        Some(self.unit.map_or_else(|| range.clone(), |unit| format!("{range} {unit}")))
    }
}

/// States the settings of a section: its description, `[its name]`, the struct's name, and for each setting its
/// purpose, name, type, default and [`Terms`].
///
/// - `with Own` after the struct's name makes a second struct, in which every setting is optional and overrides the first.
/// - `TABLE of Type` in its place states the terms of a type that exists elsewhere, with its defaults, and makes only the
///   table. A setting that the type lacks does not compile, nor does a field that is not stated.
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        [$section:ident] $name:ident {
            $(
                $(#[doc = $why:literal])+
                $(#[serde($($serde:tt)+)])?
                $key:ident: $type:ty = $default:expr, $terms:expr;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(
            Clone,
            Debug,
            PartialEq,
            $crate::macro_support::serde::Serialize,
            $crate::macro_support::serde::Deserialize,
        )]
        #[serde(crate = "tensorflix_settings::macro_support::serde")]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $why])+
                $(#[serde($($serde)+)])?
                pub $key: $type,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::Stated for $name {
            const SECTION: $crate::Section =
                $crate::Section {
                    name: stringify!($section),
                    about: &[$($about),+],
                    settings: &[$(
                        $crate::Setting { key: stringify!($key), why: &[$($why),+], terms: $terms },
                    )+],
                };
        }
    };
    (
        $(#[doc = $about:literal])+
        [$section:ident] $name:ident with $own:ident {
            $(
                $(#[doc = $why:literal])+
                $key:ident: $type:ty = $default:expr, $terms:expr;
            )+
        }
    ) => {
        $crate::settings! {
            $(#[doc = $about])+
            [$section] $name {
                $(
                    $(#[doc = $why])+
                    $key: $type = $default, $terms;
                )+
            }
        }

        #[doc = concat!("What differs from [`", stringify!($name), "`] in one case.")]
        #[derive(
            Clone,
            Debug,
            Default,
            PartialEq,
            $crate::macro_support::serde::Serialize,
            $crate::macro_support::serde::Deserialize,
        )]
        #[serde(crate = "tensorflix_settings::macro_support::serde")]
        #[serde(default, deny_unknown_fields)]
        pub struct $own {
            $(
                #[doc = concat!("In place of [`", stringify!($name), "::", stringify!($key), "`].")]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$type>,
            )+
        }

        impl $name {
            /// These settings, overridden by those that differ.
            pub fn with(&self, own: &$own) -> Self {
                Self { $($key: own.$key.unwrap_or(self.$key),)+ }
            }
        }
    };
    (
        $(#[doc = $about:literal])+
        [$section:ident] $table:ident of $type:ident {
            $(
                $(#[doc = $why:literal])+
                $key:ident: $terms:expr;
            )+
        }
    ) => {
        $(#[doc = $about])+
        pub const $table: $crate::Section =
            $crate::Section {
                name: stringify!($section),
                about: &[$($about),+],
                settings: &[$(
                    $crate::Setting { key: stringify!($key), why: &[$($why),+], terms: $terms },
                )+],
            };

        const _: fn(&$type) = |$type { $($key: _),+ }| {};
    };
}
