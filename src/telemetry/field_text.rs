//! How the fields of events and spans are written in text logs: `name=value`, with invisible characters escaped.
//!
//! The formatter's own way lets escape sequences through in fields that are logged by their `Display`, so that on a
//! terminal with colours they would reach it. Here every value is escaped and cut before it is mixed with our colours.

use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use crate::text::visible::field;

/// The field that holds an event's message, written without its name.
const MESSAGE: &str = "message";
/// What the bridge from the older `log` crate adds; the event's metadata say the same.
const BRIDGED: &str = "log.";

/// Formats fields of events and spans.
#[derive(Clone, Copy, Debug)]
pub(super) struct EscapedFields;

impl<'writer> FormatFields<'writer> for EscapedFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = FieldWriter { writer, is_first: true, outcome: Ok(()) };
        fields.record(&mut visitor);
        visitor.outcome
    }
}

struct FieldWriter<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    outcome: fmt::Result,
}

impl FieldWriter<'_> {
    fn write(&mut self, name: &str, value: &dyn Debug) -> fmt::Result {
        if !std::mem::replace(&mut self.is_first, false) {
            self.writer.write_char(' ')?;
        }
        if name != MESSAGE {
            let (italic, plain) = if self.writer.has_ansi_escapes() { ("\u{1b}[3m", "\u{1b}[0m") } else { ("", "") };
            write!(self.writer, "{italic}{name}{plain}=")?;
        }
        self.writer.write_str(&field(value))
    }
}

impl Visit for FieldWriter<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.outcome.is_ok() && !field.name().starts_with(BRIDGED) {
            self.outcome = self.write(field.name(), value);
        }
    }
}
