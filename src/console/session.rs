//! Shows a running validator on the console: waits for decided cycles and for the outcome of their weights.

use super::hints;
use super::report::cycle::{CycleReport, Sending};
use super::reporter::Event;
use tensorflix_actors::ports::Store;
use tensorflix_domain::audit::Audit;
use tensorflix_domain::cycle::DecidedCycle;
use tensorflix_domain::standing::Standing;
use tensorflix_domain::subnet::Subnet;
use tensorflix_domain::weights::{ScoreVector, WeightEntry};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver};

/// Something to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A cycle was decided and its weights settled, for the first time.
    Cycle(Box<CycleReport>),
    /// Weights of a cycle that was shown before were sent again, or could not be sent again.
    Again {
        /// The cycle.
        cycle: u32,
        /// What became of it.
        sending: Sending,
    },
}

/// What a session reads.
pub struct Feed<'a> {
    /// What the actors report.
    pub events: &'a mut Receiver<Event>,
    /// Names of core actors that failed too often.
    pub escalations: &'a mut UnboundedReceiver<&'static str>,
    /// The decided cycles.
    pub store: &'a dyn Store,
}

/// Turns the actors' events into what is shown. It holds the newest decided cycle until its weights are settled.
#[derive(Debug, Default)]
pub struct Session {
    awaiting: Option<u32>,
    /// The hints of the previous cycle, to find which ones are new.
    audited: Option<Audit>,
}

impl Session {
    /// The next thing to show.
    ///
    /// # Errors
    /// The name of a core actor that failed too often: the process must end.
    pub async fn next(&mut self, feed: Feed<'_>) -> Result<Shown, &'static str> {
        let Feed { events, escalations, store } = feed;
        loop {
            let event = tokio::select! {
                Some(actor) = escalations.recv() => return Err(actor),
                Some(event) = events.recv() => event,
                else => return Err("reporter"),
            };
            let Some(Settled { decided, cycle, entries, standing, sending }) = self.settle(event) else { continue };
            let Some(decided) = decided else {
                return Ok(Shown::Again { cycle, sending });
            };
            match load(store, decided).await {
                Some((decided, subnet, before)) => {
                    let audited = hints::audited(&decided, &subnet, before.as_ref());
                    hints::log(&audited, self.audited.as_ref());
                    self.audited = Some(audited.audit);
                    let hotkeys = subnet.neurons.iter().map(|neuron| (neuron.uid, neuron.hotkey)).collect();
                    let report = CycleReport { decided, entries, sending, standing, hotkeys };
                    report.log();
                    return Ok(Shown::Cycle(Box::new(report)));
                }
                None => tracing::error!(
                    cycle = decided,
                    "cannot read a decided cycle from the store; its report is skipped"
                ),
            }
        }
    }

    /// What an event settles; `None` if it only announces a decision.
    fn settle(&mut self, event: Event) -> Option<Settled> {
        match event {
            Event::Decided(decided) => {
                self.awaiting = Some(decided.cycle);
                None
            }
            Event::Confirmed(confirmed) => Some(Settled {
                // Weights of an earlier pass do not complete the report of the cycle that is awaited. If nothing qualified in
                // that cycle, however, an earlier cycle's scores are sent, and they complete its report.
                decided: if confirmed.settles_earlier { None } else { self.awaiting.take() },
                cycle: confirmed.cycle,
                entries: confirmed.entries,
                standing: confirmed.standing,
                sending: Sending::Confirmed { block: confirmed.block, extrinsic_hash: confirmed.extrinsic_hash },
            }),
            Event::Withheld(withheld) => Some(Settled {
                decided: self.awaiting.take(),
                cycle: withheld.cycle,
                entries: withheld.entries,
                standing: withheld.standing,
                sending: Sending::Withheld { reason: withheld.reason, is_failure: withheld.is_failure },
            }),
        }
    }
}

/// What became of weights.
struct Settled {
    /// The decided cycle that can be reported now.
    decided: Option<u32>,
    /// The cycle that the weights belong to.
    cycle: u32,
    entries: Vec<WeightEntry>,
    standing: Option<Standing>,
    sending: Sending,
}

/// A decided cycle, the subnet at its block, and the previous scores, which show sudden gains.
async fn load(store: &dyn Store, cycle: u32) -> Option<(DecidedCycle, Subnet, Option<ScoreVector>)> {
    let decided = store.decided_cycle(cycle).await.ok()??;
    let subnet = store.cycle_subnet(cycle).await.ok()??;
    let before = store.scores_before(cycle).await.ok()?;
    Some((decided, subnet, before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_actors::scorer::ScoresDecided;
    use tensorflix_actors::weight_setter::{WeightsConfirmed, WeightsWithheld};

    fn confirmed(cycle: u32, settles_earlier: bool) -> Event {
        let (entries, extrinsic_hash) = (vec![(1, 65_535)], [0; 32]);
        Event::Confirmed(WeightsConfirmed {
            cycle,
            block: 9,
            extrinsic_hash,
            entries,
            reveal_at: None,
            standing: None,
            settles_earlier,
        })
    }

    #[test]
    fn what_an_earlier_pass_sent_is_not_reported_as_the_weights_of_a_new_decision() {
        let mut session = Session::default();
        assert!(session.settle(Event::Decided(ScoresDecided { cycle: 2 })).is_none());
        let earlier = session.settle(confirmed(1, true)).expect("settled");
        assert_eq!((earlier.decided, earlier.cycle), (None, 1));
        let withheld = WeightsWithheld {
            cycle: 2,
            entries: Vec::new(),
            standing: None,
            reason: "the window has its submission already".to_owned(),
            is_failure: false,
        };
        assert_eq!(session.settle(Event::Withheld(withheld)).expect("settled").decided, Some(2));
    }

    #[test]
    fn the_report_of_a_cycle_without_scores_has_the_weights_that_were_sent_for_it() {
        let mut session = Session::default();
        assert!(session.settle(Event::Decided(ScoresDecided { cycle: 2 })).is_none());
        assert_eq!(session.settle(confirmed(1, false)).expect("settled").decided, Some(2));
        assert_eq!(session.settle(confirmed(1, false)).expect("settled").decided, None, "a resend");
    }
}
