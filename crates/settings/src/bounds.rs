//! Ranges and forms of the settings that every external service has.

use super::forms;
use super::statement::{Terms, integer, number, text};

/// Rate of requests: from one in a quarter of an hour to more than any platform grants.
pub const RATE: Terms = number(0.001..=10_000.0).unit("requests per second");
/// Requests that may be sent at once.
pub const BURST: Terms = integer(1..=10_000).unit("requests");
/// Requests in flight.
pub const IN_FLIGHT: Terms = integer(1..=1000).unit("requests");
/// A deadline.
pub const TIMEOUT: Terms = integer(1..=3600).unit("seconds");
/// The address of an API.
pub const BASE_URL: Terms = text(forms::HTTP_URL);
/// A file that holds a secret.
pub const SECRET_FILE: Terms = text(forms::SECRET_FILE);
