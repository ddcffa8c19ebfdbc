//! Pauses that platforms ask for: read from their answers, and kept for the key that received them.
//!
//! - A pause belongs to a host and a credential: it holds for no other key.
//! - `Retry-After` counts in seconds or as an HTTP date (RFC 9110, section 10.2.3); `X-RateLimit-Remaining: 0` counts
//!   until `X-RateLimit-Reset` (Unix seconds, as GitHub writes it). Of several the latest end counts.
//! - Dates are compared with the answer's own `Date`, so that a wrong clock on this machine never causes a request too
//!   early.
//! - No pause is longer than [`LONGEST_ASKED_PAUSE`], and pauses that are over are forgotten: the memory is bounded by the
//!   keys
//!   and hosts of the configuration.
//!
//! Nothing waits here; [`outbound`](crate::outbound) does.

use crate::ports::{Credential, HttpRequest, HttpResponse};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tensorflix_domain::chain_time::Moment;

/// Longest pause that one answer can cause. If a platform asks for more, the next request is sent after this time.
pub(crate) const LONGEST_ASKED_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// Sender and receiver: a host with its port, and the beginning of the digest of the secret that is sent to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Caller {
    host: String,
    secret: Option<[u8; 8]>,
}

impl Caller {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let (host, port) = (request.url.host_str().unwrap_or_default(), request.url.port_or_known_default());
        let secret = match &request.credential {
            Some(Credential::Bearer(secret) | Credential::Query(_, secret)) => Some(secret.expose_secret()),
            Some(Credential::Queries(secrets)) => secrets.last().map(|(_, secret)| secret.expose_secret()),
            None => None,
        };
        Self { host: format!("{host}:{}", port.unwrap_or_default()), secret: secret.map(beginning_of_digest) }
    }
}

fn beginning_of_digest(secret: &str) -> [u8; 8] {
    let mut beginning = [0; 8];
    beginning.copy_from_slice(&Sha256::digest(secret.as_bytes())[..8]);
    beginning
}

/// The end of a pause, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PauseEnd {
    /// By the monotonic clock, which decides.
    pub(crate) monotonic: Duration,
    /// By the machine's clock, for people.
    pub(crate) wall: Moment,
}

/// The pauses that are not over.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    ends: Mutex<BTreeMap<Caller, PauseEnd>>,
}

impl Pauses {
    /// The end of a caller's pause, if it is not over at `now`.
    pub(crate) fn end(&self, caller: &Caller, now: Duration) -> Option<PauseEnd> {
        self.locked().get(caller).copied().filter(|end| end.monotonic > now)
    }

    /// Records a pause. A later end that is already known is kept.
    pub(crate) fn begin(&self, caller: Caller, pause: Duration, now: Duration, wall: Moment) {
        let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        let end = PauseEnd {
            monotonic: now.saturating_add(pause),
            wall: Moment::from_unix_ms(wall.unix_ms().saturating_add(pause_ms)),
        };
        let mut ends = self.locked();
        ends.retain(|_, known| known.monotonic > now);
        let known = ends.entry(caller).or_insert(end);
        if end.monotonic > known.monotonic {
            *known = end;
        }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Caller, PauseEnd>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long an answer asks us to wait before the next request, in any of its forms.
pub(crate) fn requested_pause(response: &HttpResponse, wall: Moment) -> Option<Duration> {
    let header = |name: &str| response.headers.get(name).map(|text| text.trim());
    let now = header("date").and_then(http_date).unwrap_or(wall);
    let until = |end: Moment| {
        u64::try_from(end.unix_ms().saturating_sub(now.unix_ms())).map_or(Duration::ZERO, Duration::from_millis)
    };
    let retry_after = header("retry-after").filter(|_| response.status >= 400).and_then(|text| {
        let seconds = text.parse().ok().map(Duration::from_secs);
        seconds.or_else(|| http_date(text).map(until))
    });
    let is_used_up = header("x-ratelimit-remaining").is_some_and(|remaining| remaining == "0");
    let reset = header("x-ratelimit-reset").filter(|_| is_used_up).and_then(|text| text.parse::<i64>().ok());
    let rate_limit = reset.map(|seconds| until(Moment::from_unix_ms(seconds.saturating_mul(1_000))));
    let pause = retry_after.max(rate_limit)?;
    (!pause.is_zero()).then(|| pause.min(LONGEST_ASKED_PAUSE))
}

/// A date as HTTP writes it: `Wed, 21 Oct 2015 07:28:00 GMT`.
fn http_date(text: &str) -> Option<Moment> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Moment::from_unix_ms(date.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-08-21T00:00:00Z, which is a Friday, in Unix seconds.
    const MIDNIGHT: i64 = 1_787_270_400;

    #[track_caller]
    fn check(status: u16, headers: &[(&str, &str)], seconds: Option<u64>) {
        let headers = headers.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let response = HttpResponse { status, headers, body: Vec::new() };
        let wall = Moment::from_unix_ms(MIDNIGHT * 1_000);
        assert_eq!(requested_pause(&response, wall), seconds.map(Duration::from_secs), "{response:?}");
    }

    #[test]
    fn a_pause_is_read_to_the_second_in_every_form() {
        check(429, &[("retry-after", "7")], Some(7));
        check(503, &[("retry-after", " 120 ")], Some(120));
        check(503, &[("retry-after", "Fri, 21 Aug 2026 00:00:30 GMT")], Some(30));
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1787270461")], Some(61));
        check(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1787270461")], Some(61));
        let both = [("retry-after", "5"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1787270403")];
        check(429, &both, Some(5));
    }

    #[test]
    fn dates_are_compared_with_the_date_of_the_answer() {
        // This machine believes that it is midnight; the platform knows that it is ten minutes earlier.
        let date = ("date", "Thu, 20 Aug 2026 23:50:00 GMT");
        check(503, &[date, ("retry-after", "Fri, 21 Aug 2026 00:00:30 GMT")], Some(630));
        check(403, &[date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1787270400")], Some(600));
        check(503, &[date, ("retry-after", "30")], Some(30));
    }

    #[test]
    fn what_asks_for_nothing_or_is_over_makes_nobody_wait() {
        check(503, &[], None);
        check(503, &[("retry-after", "0")], None);
        check(503, &[("retry-after", "-5")], None);
        check(503, &[("retry-after", "soon")], None);
        check(503, &[("retry-after", "Thu, 20 Aug 2026 00:00:00 GMT")], None);
        check(200, &[("retry-after", "60")], None);
        check(200, &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1787270461")], None);
        check(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "later")], None);
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")], None);
    }

    #[test]
    fn no_answer_makes_us_wait_for_ever() {
        let day = Some(LONGEST_ASKED_PAUSE.as_secs());
        check(503, &[("retry-after", "18446744073709551615")], day);
        check(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9223372036854775807")], day);
        check(503, &[("retry-after", "Wed, 21 Aug 2126 00:00:30 GMT")], day);
    }
}
