//! The state of a service, in one word.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Nothing is wrong.
    Healthy,
    /// It answers, but something is missing or old.
    Degraded,
    /// It does not work.
    Unhealthy,
}
