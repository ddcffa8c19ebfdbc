//! Watching a running validator from the console: waits for decided cycles and for what became of their weights.

use crate::app::App;
use crate::report::{CycleReport, Sending};
use crate::reporter::Event;
use std::collections::BTreeMap;
use tensorflix_domain::ids::{Hotkey, Uid};
use tensorflix_domain::record::DecidedCycle;

/// Something to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A cycle was decided and its weights settled, for the first time.
    Cycle(Box<CycleReport>),
    /// Weights of a cycle that was shown before were sent again, or could not be.
    Again {
        /// The cycle.
        cycle: u32,
        /// What became of it.
        sending: Sending,
    },
}

/// Turns the actors' events into what is shown. It holds the newest decided cycle until its weights are settled.
#[derive(Debug, Default)]
pub struct Session {
    awaiting: Option<u32>,
}

impl Session {
    /// The next thing to show.
    ///
    /// # Errors
    /// The name of a core actor that failed too often: the process must end.
    pub async fn next(&mut self, app: &mut App) -> Result<Shown, &'static str> {
        loop {
            let event = tokio::select! {
                Some(actor) = app.escalations.recv() => return Err(actor),
                Some(event) = app.events.recv() => event,
                else => return Err("reporter"),
            };
            let (cycle, entries, standing, sending) = match event {
                Event::Decided(decided) => {
                    self.awaiting = Some(decided.cycle);
                    continue;
                }
                Event::Confirmed(confirmed) => (
                    confirmed.cycle,
                    confirmed.entries,
                    confirmed.standing,
                    Sending::Confirmed { block: confirmed.block, extrinsic_hash: confirmed.extrinsic_hash },
                ),
                Event::Withheld(withheld) => (
                    withheld.cycle,
                    withheld.entries,
                    withheld.standing,
                    Sending::Withheld { reason: withheld.reason, is_failure: withheld.is_failure },
                ),
            };
            // Where nothing qualified, what is sent belongs to an earlier cycle; the report is the newer one's.
            let Some(decided) = self.awaiting.take() else {
                return Ok(Shown::Again { cycle, sending });
            };
            match load(app, decided).await {
                Some((decided, hotkeys)) => {
                    let report = CycleReport { decided, entries, sending, standing, hotkeys };
                    report.log();
                    return Ok(Shown::Cycle(Box::new(report)));
                }
                None => tracing::error!(cycle = decided, "a decided cycle cannot be read for its report"),
            }
        }
    }
}

/// A decided cycle, and who held which UID in it.
async fn load(app: &App, cycle: u32) -> Option<(DecidedCycle, BTreeMap<Uid, Hotkey>)> {
    let decided = app.store.decided_cycle(cycle).await.ok()??;
    let subnet = app.store.cycle_subnet(cycle).await.ok()??;
    let hotkeys = subnet.neurons.iter().map(|neuron| (neuron.uid, neuron.hotkey)).collect();
    Some((decided, hotkeys))
}
