//! What clients of the platform tracker receive about a platform.

use serde::Serialize;
use serde_json::Value;
use std::fmt;
use tensorflix_domain::chain_time::BlockStamp;
use tensorflix_domain::ids::ContentId;
use tensorflix_domain::observation::Presence;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// An address of the platform tracker, and its answers.
#[derive(Debug)]
pub struct TrackerRoute {
    /// The path, with the id as a parameter: `/youtube/video/{video_id}`.
    pub path: &'static str,
    /// The name of that parameter.
    pub parameter: &'static str,
    /// The name of the actor that collects requests of clients into batches.
    pub collector: &'static str,
    /// The answer for a video or reel.
    pub answer: fn(&ContentId, Found) -> Value,
    /// The schema of that answer.
    pub schema: fn() -> AnswerSchema,
}

/// What is known about a video or reel.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What was seen.
    pub presence: Presence,
    /// When it was seen.
    pub at: BlockStamp,
    /// Whether it is older than it should be, because the platform could not be asked.
    pub is_stale: bool,
}

/// The schema of an answer, with those that it refers to.
pub struct AnswerSchema {
    /// Its name.
    pub name: String,
    /// It and the others by their names.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl AnswerSchema {
    /// The schema of a type.
    pub fn of<T: ToSchema>() -> Self {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        Self { name, schemas }
    }
}

impl fmt::Debug for AnswerSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// An answer as JSON.
pub fn json(answer: &impl Serialize) -> Value {
    // Answers have texts for keys, so they can always be written.
    serde_json::to_value(answer).unwrap_or_default()
}
