//! What a connection is doing, since when, and how long it may take.

use crate::api::service::REQUEST_DEADLINE;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Time that a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Time for the head of a request, and for a new connection to begin one.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Time to produce an answer: somewhat more than a handler's own deadline, so that the handler can still report that.
const ANSWER_DEADLINE: Duration = REQUEST_DEADLINE.saturating_add(Duration::from_secs(5));
/// Time for a client to take all of an answer that is ready.
const WRITE_DEADLINE: Duration = Duration::from_secs(60);
/// Time for a client to close its side.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// Most memory of a service for all its connections together, bytes.
const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of memory for each byte of a head: buffers grow by doubling.
const MEMORY_OF_A_BYTE: usize = 2;
/// Memory that the head of any request may take, whatever others hold, bytes.
const ALWAYS_HELD_BYTES: usize = 16 * 1024;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between two requests.
    Idle,
    /// The head of a request has begun, or the connection is new.
    Head,
    /// The service works on an answer.
    Answering,
    /// The client takes the answer.
    Writing,
    /// The answer is complete, and the client has yet to close its side.
    Closing,
}

impl Phase {
    const fn deadline(self) -> Duration {
        match self {
            Self::Idle => KEEP_ALIVE,
            Self::Head => HEAD_DEADLINE,
            Self::Answering => ANSWER_DEADLINE,
            Self::Writing => WRITE_DEADLINE,
            Self::Closing => CLOSE_DEADLINE,
        }
    }

    /// Whether it is the client that the service waits for.
    const fn waits_for_client(self) -> bool {
        !matches!(self, Self::Answering)
    }
}

/// The course of one connection: updated by its stream and its answers, watched by its task and by connections that need its
/// place. All of them are on one thread.
pub(super) struct Course {
    /// Who counts as one client with it.
    pub client: IpAddr,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    /// The answer that is being written is complete.
    is_answer_whole: Cell<bool>,
    /// It must give up its place.
    is_leaving: Cell<bool>,
    /// Bytes that are in memory for it alone: of a head, or of an answer.
    held: Cell<usize>,
    gives_way: Notify,
    written: Notify,
    load: Rc<Load>,
}

/// What all connections of a service have in common.
#[derive(Default)]
pub(super) struct Load {
    /// Bytes that are in memory for them.
    pub held: Cell<usize>,
    /// Notified at every change, for connections that wait for a place.
    pub changed: Notify,
}

impl Load {
    /// Whether the memory limit is exceeded.
    pub fn is_too_much(&self) -> bool {
        self.held.get() > MAX_HELD_BYTES
    }
}

impl Course {
    /// The course of a new connection.
    pub fn new(client: IpAddr, load: Rc<Load>) -> Self {
        Self {
            client,
            phase: Cell::new(Phase::Head),
            since: Cell::new(Instant::now()),
            is_answer_whole: Cell::new(true),
            is_leaving: Cell::new(false),
            held: Cell::new(0),
            gives_way: Notify::new(),
            written: Notify::new(),
            load,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
        self.load.changed.notify_one();
    }

    fn hold(&self, bytes: usize) {
        self.load.held.set(self.load.held.get() - self.held.replace(bytes) + bytes);
    }

    /// Whether there is memory for more of a head.
    pub fn may_read(&self) -> bool {
        self.phase.get() != Phase::Head || self.held.get() < ALWAYS_HELD_BYTES || !self.load.is_too_much()
    }

    /// So many bytes of the client were read.
    pub fn bytes_came(&self, count: usize) {
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
        // Bytes that arrive early are not read beyond one piece.
        if self.phase.get() == Phase::Head {
            self.hold(self.held.get() + count * MEMORY_OF_A_BYTE);
        }
    }

    /// A head is complete. Returns when all of the previous answer is written and the other connections have had their turn.
    pub async fn asked(&self) {
        loop {
            let written = self.written.notified();
            if self.phase.get() != Phase::Writing {
                break;
            }
            written.await;
        }
        self.hold(0);
        self.enter(Phase::Answering);
        tokio::task::yield_now().await;
    }

    /// The answer, or its beginning, is ready, and takes this many bytes of memory.
    pub fn answered(&self, bytes: usize) {
        self.hold(bytes);
        self.is_answer_whole.set(false);
        self.enter(Phase::Writing);
    }

    /// The answer is complete.
    pub fn answer_ended(&self) {
        self.is_answer_whole.set(true);
    }

    /// The system has accepted everything that was to be written. The next part of an unfinished answer has its own time.
    pub fn flushed(&self) {
        if self.phase.get() != Phase::Writing {
            return;
        }
        if self.is_answer_whole.get() {
            self.hold(0);
            self.enter(Phase::Idle);
            self.written.notify_waiters();
        } else {
            self.since.set(Instant::now());
        }
    }

    /// The connection's last answer is complete.
    pub fn closing(&self) {
        self.enter(Phase::Closing);
    }

    /// Bytes that are in memory for it alone.
    pub fn held(&self) -> usize {
        self.held.get()
    }

    /// Since when the service waits for the client; `None` if the client waits for the service.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.phase.get().waits_for_client().then(|| self.since.get())
    }

    /// Whether it must give up its place.
    pub fn is_leaving(&self) -> bool {
        self.is_leaving.get()
    }

    /// Asks it to close.
    pub fn give_way(&self) {
        self.is_leaving.set(true);
        self.gives_way.notify_one();
    }

    /// The result of `work`; `None` if a phase lasts too long, or if the place is needed while the service waits for the client.
    pub async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut leaving) = (pin!(work), pin!(self.gives_way.notified()));
        let mut overdue = pin!(sleep_until(self.deadline()));
        poll_fn(|context| {
            if let Poll::Ready(outcome) = work.as_mut().poll(context) {
                return Poll::Ready(Some(outcome));
            }
            if overdue.deadline() != self.deadline() {
                overdue.as_mut().reset(self.deadline());
            }
            while leaving.as_mut().poll(context).is_ready() {
                if self.phase.get().waits_for_client() {
                    return Poll::Ready(None);
                }
                // Only the service was late: it had not read yet what the client had sent.
                self.is_leaving.set(false);
                self.load.changed.notify_one();
                leaving.set(self.gives_way.notified());
            }
            overdue.as_mut().poll(context).map(|()| None)
        })
        .await
    }

    fn deadline(&self) -> Instant {
        self.since.get() + self.phase.get().deadline()
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        self.hold(0);
    }
}
