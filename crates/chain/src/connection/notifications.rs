//! Unrequested messages of a node: only as many pass as can be used.
//!
//! Only the newest finalized head matters, and only the newest status of an extrinsic. If messages arrive faster than
//! [`PASSED_PER_SECOND`], only the newest of each kind is kept until it may pass; the rest is dropped before it is decoded.
//! A node that continues like this floods us and is left for another one (`heads.rs`). So is a node that sends a
//! notification larger than [`MAX_NOTIFICATION_BYTES`], or a batch, which we never request. If there is no other endpoint,
//! its answers are still read, at a bounded cost.
//!
//! Invariants: one notification of each kind is held, and [`MOST_KINDS`] at most, whatever arrives; an answer is never
//! dropped or held, and there are no more answers than questions: any further message is a notification, whatever it looks
//! like; no more than [`DROPPED_AT_ONCE`] messages are dropped without a pause.

use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use subxt::ext::jsonrpsee::core::client::{ReceivedMessage, TransportReceiverT};
use tokio::time::Instant;

/// Notifications that pass in a second in the long run. A chain makes a block in seconds, and a sandbox a few of them in one.
const PASSED_PER_SECOND: u32 = 20;
/// Notifications that pass at once after a quiet time.
const BURST: u32 = 40;
/// Largest notification that is read: a header is some hundred bytes.
const MAX_NOTIFICATION_BYTES: usize = 256 << 10;
/// Within this time no more than the following are tolerated in addition to those that pass.
const FLOOD_PERIOD: Duration = Duration::from_secs(10);
const FLOOD_MESSAGES: u32 = 5_000;
const FLOOD_BYTES: usize = 32 << 20;
/// Kinds of notifications that are held. We listen to heads and to extrinsics.
const MOST_KINDS: usize = 4;
/// After so many dropped notifications the socket is not read for a moment, so that a flood cannot keep a core busy.
const DROPPED_AT_ONCE: u32 = 32;
const PAUSE: Duration = Duration::from_millis(1);
/// Where a message says what it is: at the beginning.
const HEAD_BYTES: usize = 128;

/// The connection is over.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Closed(String);

/// What both directions of a connection know of each other.
#[derive(Default)]
pub(crate) struct Wire {
    /// Answers that may come.
    questions: AtomicU64,
    /// The unrequested messages of the node, if there are too many.
    flood: OnceLock<String>,
}

impl Wire {
    /// `count` requests are about to be sent.
    pub(crate) fn expect_answers(&self, count: u64) {
        self.questions.fetch_add(count, Ordering::Relaxed);
    }

    /// The unrequested messages of the node, if there are too many.
    pub(crate) fn flood(&self) -> Option<&str> {
        self.flood.get().map(String::as_str)
    }
}

type Incoming = Result<ReceivedMessage, String>;

/// A notification that waits until it may pass.
struct Held {
    method: Vec<u8>,
    message: ReceivedMessage,
}

/// A receiver that lets notifications through at a bounded rate.
pub(crate) struct BoundedReceiver {
    messages: BoxStream<'static, Incoming>,
    flow: Flow,
    /// The newest of each kind, longest held first.
    held: VecDeque<Held>,
    answers: u64,
    wire: Arc<Wire>,
}

impl BoundedReceiver {
    pub(crate) fn new<R>(receiver: R, wire: Arc<Wire>) -> Self
    where
        R: TransportReceiverT + Send,
        R::Error: fmt::Display,
    {
        // Held across waits, so that no message is lost half read.
        let messages = unfold(receiver, |mut receiver| async move {
            let message = receiver.receive().await.map_err(|error| error.to_string());
            Some((message, receiver))
        });
        Self { messages: messages.boxed(), flow: Flow::new(Instant::now()), held: VecDeque::new(), answers: 0, wire }
    }

    async fn next(&mut self) -> Result<ReceivedMessage, Closed> {
        loop {
            let message = if !self.held.is_empty() {
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(self.flow.passes_at()) => match self.pass(Instant::now()) {
                        Some(newest) => return Ok(newest),
                        None => continue,
                    },
                    message = self.messages.next() => message,
                }
            } else {
                self.messages.next().await
            };
            let message = message.unwrap_or_else(|| Err("the connection was closed".to_owned())).map_err(Closed)?;
            let bytes = match &message {
                ReceivedMessage::Text(text) => text.as_bytes(),
                ReceivedMessage::Bytes(bytes) => bytes,
                ReceivedMessage::Pong => return Ok(message),
            };
            let head = bytes[..bytes.len().min(HEAD_BYTES)].trim_ascii_start();
            let is_batch = head.first() == Some(&b'[');
            if !is_batch && is_answer(head) && self.answers < self.wire.questions.load(Ordering::Relaxed) {
                self.answers += 1;
                return Ok(message);
            }
            let length = bytes.len();
            let dropped = if is_batch {
                self.note_flood(|| "it sends batches that were not requested".to_owned());
                Some(length)
            } else if length > MAX_NOTIFICATION_BYTES {
                self.note_flood(|| format!("it sends notifications of {length} bytes"));
                Some(length)
            } else {
                let method = method_of(head).to_vec();
                self.hold(Held { method, message }).then_some(length)
            };
            if let Some(length) = dropped {
                self.drop_one(length).await;
            }
        }
    }

    async fn drop_one(&mut self, length: usize) {
        if self.flow.drop_one(length, Instant::now()) {
            let secs = FLOOD_PERIOD.as_secs();
            self.note_flood(|| format!("it floods us: more than {FLOOD_MESSAGES} notifications within {secs} s"));
        }
        if self.flow.dropped.is_multiple_of(DROPPED_AT_ONCE) {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Holds a notification; whether one had to be dropped for it.
    fn hold(&mut self, newest: Held) -> bool {
        if let Some(older) = self.held.iter_mut().find(|held| held.method == newest.method) {
            *older = newest;
            return true;
        }
        self.held.push_back(newest);
        self.held.len() > MOST_KINDS && self.held.pop_front().is_some()
    }

    fn pass(&mut self, now: Instant) -> Option<ReceivedMessage> {
        let held = self.held.pop_front()?;
        self.flow.pass(now);
        Some(held.message)
    }

    fn note_flood(&self, what: impl FnOnce() -> String) {
        self.wire.flood.get_or_init(what);
    }
}

impl TransportReceiverT for BoundedReceiver {
    type Error = Closed;

    async fn receive(&mut self) -> Result<ReceivedMessage, Closed> {
        self.next().await
    }
}

/// Whether a message says of itself that it is an answer.
fn is_answer(head: &[u8]) -> bool {
    let place = |field: &[u8]| head.windows(field.len()).position(|window| window == field);
    let first = |fields: [&[u8]; 2]| fields.into_iter().filter_map(place).min();
    match (first([b"\"result\"", b"\"error\""]), first([b"\"method\"", b"\"params\""])) {
        (Some(answer), Some(notification)) => answer < notification,
        (answer, _) => answer.is_some(),
    }
}

/// The method that a notification begins with, as it is written; what has none is a kind of its own.
fn method_of(head: &[u8]) -> &[u8] {
    const FIELD: &[u8] = b"\"method\"";
    let Some(place) = head.windows(FIELD.len()).position(|window| window == FIELD) else { return &[] };
    let rest = &head[place + FIELD.len()..];
    rest.split(|byte| *byte == b'"').nth(1).unwrap_or_default()
}

/// How many notifications passed and were dropped.
struct Flow {
    /// What may pass at once, as the time from which on it would all be there again.
    full_at: Instant,
    period_since: Instant,
    dropped: u32,
    dropped_bytes: usize,
}

impl Flow {
    const fn new(now: Instant) -> Self {
        Self { full_at: now, period_since: now, dropped: 0, dropped_bytes: 0 }
    }

    /// When the next one may pass.
    fn passes_at(&self) -> Instant {
        let allowance = Duration::from_secs(1) * (BURST - 1) / PASSED_PER_SECOND;
        self.full_at.checked_sub(allowance).unwrap_or(self.full_at)
    }

    fn pass(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + Duration::from_secs(1) / PASSED_PER_SECOND;
    }

    /// Counts one that is dropped; whether they are a flood.
    fn drop_one(&mut self, bytes: usize, now: Instant) -> bool {
        if now.duration_since(self.period_since) >= FLOOD_PERIOD {
            (self.period_since, self.dropped, self.dropped_bytes) = (now, 0, 0);
        }
        self.dropped += 1;
        self.dropped_bytes = self.dropped_bytes.saturating_add(bytes);
        self.dropped > FLOOD_MESSAGES || self.dropped_bytes > FLOOD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages that come one after the other, with pauses in between.
    struct Script(VecDeque<(Duration, String)>);

    impl TransportReceiverT for Script {
        type Error = Closed;

        async fn receive(&mut self) -> Result<ReceivedMessage, Closed> {
            match self.0.pop_front() {
                Some((pause, message)) => {
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    Ok(ReceivedMessage::Text(message))
                }
                None => std::future::pending().await,
            }
        }
    }

    fn head(block: u32) -> String {
        format!("{{\"jsonrpc\":\"2.0\",\"method\":\"chain_finalizedHead\",\"params\":{{\"result\":{block}}}}}")
    }

    fn receiver(script: impl IntoIterator<Item = (Duration, String)>) -> (BoundedReceiver, Arc<Wire>) {
        let wire = Arc::<Wire>::default();
        (BoundedReceiver::new(Script(script.into_iter().collect()), Arc::clone(&wire)), wire)
    }

    const QUIET: Duration = Duration::from_secs(60);

    /// Everything that passes, until nothing comes for a while.
    async fn passed(receiver: &mut BoundedReceiver) -> Vec<String> {
        let mut passed = Vec::new();
        while let Ok(message) = tokio::time::timeout(QUIET, receiver.receive()).await {
            match message {
                Ok(ReceivedMessage::Text(text)) => passed.push(text),
                other => panic!("{other:?}"),
            }
        }
        passed
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_notifications_the_newest_always_passes_and_few_before_it() {
        let heads = (0..1_000).map(|block| (Duration::ZERO, head(block)));
        let (mut receiver, wire) = receiver(heads);
        let passed = passed(&mut receiver).await;
        assert!(passed.len() <= BURST as usize + 3, "{}", passed.len());
        assert_eq!(passed.last(), Some(&head(999)));
        assert_eq!(wire.flood(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_became_of_an_extrinsic_passes_among_any_number_of_heads() {
        let status = "{\"jsonrpc\":\"2.0\",\"method\":\"author_extrinsicUpdate\",\"params\":{\"result\":\"final\"}}";
        let heads = |from: u32| (from..from + 1_000).map(|block| (Duration::ZERO, head(block)));
        let messages = heads(0).chain([(Duration::ZERO, status.to_owned())]).chain(heads(1_000));
        let (mut receiver, _) = receiver(messages);
        let passed = passed(&mut receiver).await;
        assert!(passed.iter().any(|text| text == status));
        assert_eq!(passed.last(), Some(&head(1_999)));
    }

    #[tokio::test(start_paused = true)]
    async fn kinds_without_end_are_dropped_too() {
        let kinds = (0..10_000).map(|kind| (Duration::ZERO, format!("{{\"method\":\"{kind}\",\"params\":{{}}}}")));
        let (mut receiver, wire) = receiver(kinds);
        let passed = passed(&mut receiver).await;
        assert!(passed.len() < 200, "{}", passed.len());
        assert!(wire.flood().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn heads_at_the_pace_of_blocks_all_pass() {
        let heads = (0..500).map(|block| (Duration::from_millis(60), head(block)));
        let (mut receiver, _) = receiver(heads);
        assert_eq!(passed(&mut receiver).await.len(), 500);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_noticed_and_dropped_with_pauses_until_its_newest() {
        let heads = (0..20_000).map(|block| (Duration::ZERO, head(block)));
        let (mut receiver, wire) = receiver(heads);
        let begun = Instant::now();
        let passed = passed(&mut receiver).await;
        let busy = begun.elapsed().saturating_sub(QUIET);
        assert!(busy >= PAUSE * (20_000 / DROPPED_AT_ONCE - 10), "{busy:?}");
        let most = BURST + PASSED_PER_SECOND * (busy.as_secs() as u32 + 1) + 1;
        assert!(passed.len() <= most as usize, "{} in {busy:?}", passed.len());
        assert_eq!(passed.last(), Some(&head(19_999)));
        assert!(wire.flood().is_some_and(|what| what.contains("floods")));
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_over_a_long_time_are_no_flood() {
        let heads = (0..20_000).map(|block| (Duration::from_millis(5), head(block)));
        let (mut receiver, wire) = receiver(heads);
        assert_eq!(passed(&mut receiver).await.last(), Some(&head(19_999)));
        assert_eq!(wire.flood(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_pass_at_once_among_any_number_of_notifications() {
        let answer = |id| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"0x\"}}");
        let messages = (0..2_000).flat_map(|block| [(Duration::ZERO, head(block)), (Duration::ZERO, answer(block))]);
        let (mut receiver, wire) = receiver(messages);
        wire.expect_answers(2_000);
        let passed = passed(&mut receiver).await;
        assert_eq!(passed.iter().filter(|text| text.contains("\"id\"")).count(), 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn more_answers_than_questions_are_a_flood_too() {
        let answers = (0..20_000).map(|_| (Duration::ZERO, "{\"id\":1,\"result\":1,\"method\":\"x\"}".to_owned()));
        let (mut receiver, wire) = receiver(answers);
        wire.expect_answers(3);
        let passed = passed(&mut receiver).await;
        assert!(passed.len() <= 200, "{}", passed.len());
        assert!(wire.flood().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn large_notifications_and_batches_are_not_read() {
        for message in [head(1) + &" ".repeat(MAX_NOTIFICATION_BYTES), format!(" [{}]", head(1))] {
            let (mut receiver, wire) = receiver([(Duration::ZERO, message)]);
            assert_eq!(passed(&mut receiver).await, Vec::<String>::new());
            assert!(wire.flood().is_some());
        }
    }
}
