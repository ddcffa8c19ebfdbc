//! How a service is, in one word.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// All is well.
    Healthy,
    /// It answers, but something is missing or old.
    Degraded,
    /// It does not do what it is for.
    Unhealthy,
}
