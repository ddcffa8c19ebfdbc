//! `replay`: recompute cycles from their own evidence.

pub(super) mod args;
pub mod carried;
pub mod comparison;
mod json;
pub mod payout;
mod text;

use super::arguments::{ConfigArgument, Output};
use super::export::json::read_json;
use super::prepare::prepare;
use super::stored;
use super::stored::recorded::RecordedCycle;
use crate::config::{Config, Overrides};
use crate::console::exit::{Exit, fail, say};
use crate::console::stdout::print;
use crate::telemetry::ConsoleMode;
use crate::text::visible::visible;
use args::ReplayArguments;
use carried::Carried;
use comparison::replay;
use json::to_json;
use payout::Payout;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tensorflix_domain::policy::Policy;
use text::{payout_text, to_text};

pub(crate) fn run(arguments: ReplayArguments) -> Exit {
    let (config, _telemetry) = match prepare(&arguments.config, Overrides::default(), ConsoleMode::Warnings) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let mut session = Session {
        output: arguments.output,
        other_policy: asked_policy(&arguments.config, &config),
        carried: arguments.all.then(Carried::default),
        is_other: false,
        payout: None,
        cycle_count: 0,
        differing: 0,
        refused: 0,
    };
    let outcome = match &arguments.from {
        Some(file) => read(file).and_then(|recorded| session.take_in(&recorded)),
        None => actix_rt::System::new().block_on(replay_stored(&config, &arguments, &mut session)),
    };
    match outcome {
        Ok(()) => session.end().unwrap_or_else(|lost| lost),
        Err(exit) => exit,
    }
}

/// The policy to compare with: that of a file passed with `--config`, or one from the environment. The default file holds the
/// validator's own current policy, which is not compared.
fn asked_policy(file: &ConfigArgument, config: &Config) -> Option<Policy> {
    let without_variables = Config::load(file.config.as_deref(), std::iter::empty(), Overrides::default());
    let is_from_variables = without_variables.is_ok_and(|without| without.policy() != config.policy());
    (file.config.is_some() || is_from_variables).then(|| config.policy())
}

fn read(file: &Path) -> Result<RecordedCycle, Exit> {
    let failed = |error: &dyn std::fmt::Display| fail(&format!("{}: {error}", file.display()));
    let opened = File::open(file).map_err(|error| failed(&error))?;
    read_json(BufReader::new(opened)).map_err(|error| failed(&error))
}

async fn replay_stored(config: &Config, arguments: &ReplayArguments, session: &mut Session) -> Result<(), Exit> {
    let store = stored::open(config).await?;
    let cycles = if arguments.all {
        stored::all(&store).await?
    } else {
        vec![stored::newest_or(&store, arguments.cycle).await?]
    };
    // One at a time: a large one fills much of the memory alone.
    for cycle in cycles {
        session.take_in(&stored::load(&store, cycle).await?)?;
    }
    Ok(())
}

/// What was replayed so far.
struct Session {
    output: Output,
    other_policy: Option<Policy>,
    /// What the other policy left behind in the cycles so far, if all are replayed.
    carried: Option<Carried>,
    /// Whether any cycle so far was decided under a policy other than that one.
    is_other: bool,
    /// What the other policy would have paid, in the cycles that were decided under a different one.
    payout: Option<Payout>,
    cycle_count: usize,
    differing: usize,
    /// Cycles with an unknown version of the rules.
    refused: usize,
}

impl Session {
    /// Replays a cycle and shows the result.
    ///
    /// # Errors
    /// Those of [`print`].
    fn take_in(&mut self, recorded: &RecordedCycle) -> Result<(), Exit> {
        let replay = replay(recorded);
        self.cycle_count += 1;
        if replay.refusal.is_some() {
            self.refused += 1;
            return print(&match self.output {
                Output::Text => to_text(&replay),
                Output::Json => to_json(&replay, None) + "\n",
            });
        }
        self.differing += usize::from(!replay.is_identical());
        // The detectors that were asked are part of the record: keys that are missing here change no verdict.
        let other = self.other_policy.clone().map(|mut policy| {
            policy.verification.asked.clone_from(&recorded.decided.policy.verification.asked);
            policy.rules = recorded.decided.policy.rules;
            policy
        });
        self.is_other |= other.as_ref().is_some_and(|policy| *policy != recorded.decided.policy);
        // A cycle of the same policy is carried on too: it may begin with less or more than its record has.
        let compared = other.as_ref().map(|policy| (policy, Payout::compare(recorded, policy, self.carried.as_mut())));
        let compared = compared.filter(|_| self.is_other);
        print(&match self.output {
            Output::Text => to_text(&replay),
            Output::Json => to_json(&replay, compared.as_ref().map(|(policy, payout)| (*policy, payout))) + "\n",
        })?;
        if let Some((_, payout)) = compared {
            match &mut self.payout {
                Some(known) => known.take_in(payout),
                None => self.payout = Some(payout),
            }
        }
        Ok(())
    }

    /// Shows the result of all cycles.
    ///
    /// # Errors
    /// Those of [`print`].
    fn end(self) -> Result<Exit, Exit> {
        if self.output == Output::Text {
            match (&self.payout, &self.other_policy) {
                (Some(payout), _) => print(&payout_text(payout))?,
                (None, Some(_)) if self.refused < self.cycle_count => {
                    print("The configured policy is the cycles' own policy: it would have paid the same.\n")?;
                }
                (None, _) => {}
            }
            if self.cycle_count > 1 {
                let identical = self.cycle_count - self.differing - self.refused;
                let refused = if self.refused > 0 { format!(", {} not replayed", self.refused) } else { String::new() };
                print(&format!("{} cycles, {identical} identical{refused}\n", self.cycle_count))?;
            }
        }
        if self.refused == self.cycle_count {
            say("error: not replayed: this release does not have the version of the rules that decided the cycle");
            return Ok(Exit::Failed);
        }
        if self.differing == 0 {
            return Ok(Exit::Done);
        }
        say(&visible(
            "error: not identical: the evidence was changed, or this release decides differently from the one that wrote it. \
             Keep the store, and report this with the version of both releases",
        ));
        Ok(Exit::Failed)
    }
}
