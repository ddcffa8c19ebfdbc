//! A cycle and its weights on stdout.

use crate::commands::arguments::Output;
use crate::console::exit::Exit;
use crate::console::report::cycle::{CycleReport, Sending};
use crate::console::report::json::to_json;
use crate::console::report::text::{Detail, to_text};
use crate::console::stdout::print;

/// Shows a cycle on stdout. `with_extrinsic` is off where the output must be the same each time.
pub(crate) fn show(report: &CycleReport, output: Output, with_extrinsic: bool) -> Result<(), Exit> {
    match output {
        Output::Text => print(&to_text(report, Detail::Console)),
        Output::Json => print(&(to_json(report, with_extrinsic) + "\n")),
    }
}

/// `is_known`: this process has reported weights of this cycle on chain before.
pub(super) fn show_again(cycle: u32, sending: &Sending, is_known: bool, output: Output) -> Result<(), Exit> {
    match (output, sending) {
        (Output::Text, Sending::Confirmed { block, .. }) => {
            let again = if is_known { " again" } else { "" };
            print(&format!("Weights of cycle {cycle} sent{again}, in block {block}\n"))
        }
        (Output::Text, Sending::Withheld { reason, .. }) => print(&format!("Weights not sent: {reason}\n")),
        // Programs read one object a cycle; the log has the rest.
        (Output::Json, _) => Ok(()),
    }
}
