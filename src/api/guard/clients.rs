//! Limits of clients: a rate for each, by a token bucket (governor's GCRA), and the host names under which they may call.
//!
//! The number of buckets is fixed, and a client's address, hashed with a key of this process, selects its bucket: nothing grows
//! with the number of clients, nothing needs cleaning up, and nobody can choose with whom to share a bucket. Behind a proxy, all
//! clients count as one. Requests that pages of other sites cause in a client's browser are counted separately.

use governor::clock::{Clock, DefaultClock};
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// Buckets: far more than the clients of a service that listens on loopback or in one's own network.
const BUCKETS: usize = 4_096;

/// Longest time between two requests of a client, whatever the rate.
const SLOWEST: Duration = Duration::from_secs(3_600);

/// The clients of a service.
pub struct Clients {
    buckets: Vec<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>,
    hash: RandomState,
    names: Vec<String>,
    clock: DefaultClock,
}

impl Clients {
    /// Grants each client `burst` requests at once and `requests_per_second` in the long run; both are within the bounds
    /// of the configuration.
    pub fn new(requests_per_second: f64, burst: u32) -> Self {
        let period = Duration::try_from_secs_f64(1.0 / requests_per_second).unwrap_or(SLOWEST);
        let period = period.clamp(Duration::from_nanos(1), SLOWEST);
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period).unwrap_or(Quota::per_hour(NonZeroU32::MIN)).allow_burst(burst);
        let buckets = (0..BUCKETS).map(|_| RateLimiter::direct(quota)).collect();
        Self { buckets, hash: RandomState::new(), names: Vec::new(), clock: DefaultClock::default() }
    }

    /// The same, and clients may also use these host names (`http.allowed_hosts`).
    #[must_use]
    pub fn calling_it(self, names: Vec<String>) -> Self {
        Self { names, ..self }
    }

    /// Host names that clients may use, apart from `localhost`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Counts one request of a client, or of a page of another site in its browser (`is_foreign`).
    ///
    /// # Errors
    /// The time after which the client may try again, if it has exceeded its rate.
    pub fn admit(&self, address: IpAddr, is_foreign: bool) -> Result<(), Duration> {
        #[expect(clippy::cast_possible_truncation, reason = "any part of a hash is as good as the whole")]
        let index = self.hash.hash_one((network(address), is_foreign)) as usize % BUCKETS;
        let Some(bucket) = self.buckets.get(index) else { return Ok(()) };
        bucket.check().map_err(|early| early.wait_time_from(self.clock.now()))
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            const HOST_BITS: u32 = 64;
            IpAddr::V6((u128::from(address) >> HOST_BITS << HOST_BITS).into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_client_over_its_limit_learns_when_to_retry_and_others_are_not_affected() {
        let clients = Clients::new(0.01, 3);
        let greedy = address("192.0.2.1");
        for _ in 0..3 {
            clients.admit(greedy, true).expect("within the burst");
        }
        let pause = clients.admit(greedy, true).expect_err("too much");
        assert!(pause > Duration::from_secs(90) && pause <= Duration::from_secs(100), "{pause:?}");
        // One bucket in 4,096 is the greedy one's: of a hundred others hardly any shares it.
        let refused =
            (0..100).filter(|host| clients.admit(address(&format!("198.51.100.{host}")), true).is_err()).count();
        assert!(refused <= 3, "{refused}");
        clients.admit(greedy, false).expect("what pages ask is not the client's own");
    }

    #[test]
    fn an_ipv6_client_cannot_multiply_itself_and_a_mapped_one_is_the_ipv4_client() {
        for (one, other, are_one) in [
            ("2001:db8::1", "2001:db8::ffff:1:2:3", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            assert_eq!(network(address(one)) == network(address(other)), are_one, "{one} {other}");
        }
    }
}
