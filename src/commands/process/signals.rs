//! Signals that end a process: each is logged by name before the process ends.
//!
//! One thread handles all of them for the whole process. A command that needs a clean shutdown ([`StopSignals`]) receives the
//! signal and ends by itself; any other command is ended here. Not handled are SIGKILL, which cannot be caught, and the signals
//! of a crash (SIGSEGV, SIGBUS, …), from which a handler cannot return.
//!
//! If the process was started to ignore hang-ups (`nohup`), they stay ignored.
//!
//! SIGXFSZ ends nothing: a write beyond the file size limit then fails like a write to a full disk.

use crate::console::exit::{Exit, say};
use rustix::process::Signal as Number;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a shell adds to the number of a signal that ended a command.
const ENDED_BY_SIGNAL: i32 = 128;

/// The signals that end a process by default, and whether each is a normal request to stop.
const TAKEN: &[(Number, &str, bool)] = &[
    (Number::TERM, "SIGTERM", true),
    (Number::INT, "SIGINT", true),
    (Number::QUIT, "SIGQUIT", true),
    (Number::HUP, "SIGHUP", true),
    (Number::USR1, "SIGUSR1", false),
    (Number::USR2, "SIGUSR2", false),
    (Number::ALARM, "SIGALRM", false),
    (Number::VTALARM, "SIGVTALRM", false),
    (Number::PROF, "SIGPROF", false),
    (Number::XCPU, "SIGXCPU", false),
    #[cfg(target_os = "linux")]
    (Number::IO, "SIGIO", false),
    #[cfg(target_os = "linux")]
    (Number::POWER, "SIGPWR", false),
    #[cfg(target_os = "linux")]
    (Number::STKFLT, "SIGSTKFLT", false),
];

/// Who receives the signals.
static TOLD: Mutex<Told> = Mutex::new(Told { ends: None, takes_hangups: false });

struct Told {
    ends: Option<UnboundedSender<Ending>>,
    takes_hangups: bool,
}

/// A signal that ends the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    name: &'static str,
    is_asked: bool,
}

impl Ending {
    /// Logs that the process ends, and returns its exit.
    pub(crate) fn logged(self) -> Exit {
        let Self { name, is_asked } = self;
        if is_asked {
            tracing::info!("stopping: received {name}");
            Exit::Done
        } else {
            tracing::error!("stopping: received {name}, which this program does not use");
            Exit::Failed
        }
    }
}

/// Handles the signals of the process from now on.
pub(crate) fn take() {
    let taken = runtime().and_then(|runtime| {
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
    });
    if let Err(error) = taken {
        say(&format!("warning: cannot handle signals ({error}): a signal that ends this process will not be logged"));
    }
}

/// Listens to all of them when it returns.
fn runtime() -> io::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    let ignores_hangups = ignores_hangups();
    for (number, name, is_asked) in TAKEN.iter().filter(|(number, ..)| !(ignores_hangups && *number == Number::HUP)) {
        let listening = listen(*number)?;
        runtime.spawn(each(listening, *number, Ending { name, is_asked: *is_asked }));
    }
    let mut too_large = listen(Number::XFSZ)?;
    // Not logged: the failed write returns an error, and the log file itself may be the one that is full.
    runtime.spawn(async move { while too_large.recv().await.is_some() {} });
    drop(entered);
    Ok(runtime)
}

/// Whether this process was started to ignore hang-ups, as by `nohup`.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // One bit a signal, the first of lowest value.
    (mask >> (Number::HUP.as_raw() - 1)) & 1 == 1
}

fn listen(number: Number) -> io::Result<Signal> {
    signal(SignalKind::from_raw(number.as_raw()))
}

/// Passes each signal to the command, or ends the process if the command has nothing to shut down.
async fn each(mut listening: Signal, number: Number, ending: Ending) {
    while listening.recv().await.is_some() {
        let told = told();
        if number == Number::HUP && told.takes_hangups {
            continue;
        }
        match &told.ends {
            // The receiver is gone only if the process is ending already.
            Some(ends) => _ = ends.send(ending),
            None => {
                say(&format!("error: {} ended this command", ending.name));
                std::process::exit(ENDED_BY_SIGNAL + number.as_raw());
            }
        }
    }
}

fn told() -> MutexGuard<'static, Told> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on SIGHUP is handled elsewhere, and ends nothing.
pub(crate) fn leave_hangups() {
    told().takes_hangups = true;
}

/// The signals that end the process, for a command that ends by itself when one comes.
pub(crate) struct StopSignals(UnboundedReceiver<Ending>);

impl StopSignals {
    /// Receives the signals from now on.
    pub(crate) fn new() -> Self {
        let (ends, receiver) = unbounded_channel();
        told().ends = Some(ends);
        Self(receiver)
    }

    /// Waits for one.
    pub(crate) async fn wait(&mut self) -> Ending {
        match self.0.recv().await {
            Some(ending) => ending,
            // Another part of the process receives the signals now.
            None => std::future::pending().await,
        }
    }
}
