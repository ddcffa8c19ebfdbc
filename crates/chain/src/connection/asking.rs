//! A question to the chain: put to the endpoint in use, and to the others if it is not answered well there.
//!
//! A question is one or more requests on one connection; its answer is checked as a whole. If the endpoint in use cannot
//! answer, or does not within [`Tolerances::hesitation`](crate::Tolerances::hesitation), the others are asked, and the first
//! that can replaces it. If none can, the question is at fault; an endpoint that was only slow then gets its full time.
//!
//! Invariants: one second opinion is sought at a time; callers that waited for it first ask the endpoint that it led to. Only
//! requests that may be repeated are sent here, so never a broadcast.

use crate::client::Client;
use crate::connection::line::{Connection, Line};
use crate::connection::links::Links;
use crate::connection::probe::{Candidate, examine};
use crate::connection::transport::Patience;
use crate::errors::ChainError;
use std::sync::Arc;
use tokio::sync::MutexGuard;

impl Client {
    /// The answer to a question that requests of `method` serve.
    ///
    /// # Errors
    /// What the endpoint in use failed with, if no endpoint answers.
    pub(crate) async fn ask<T, Q, A>(&self, method: &'static str, question: Q) -> Result<T, ChainError>
    where
        Q: Fn(Line) -> A,
        A: Future<Output = Result<T, ChainError>>,
    {
        self.ask_whom(method, &question).await.map(|(_, answer)| answer)
    }

    /// The same, with the connection that the answer came from.
    pub(crate) async fn ask_whom<T, Q, A>(
        &self,
        method: &'static str,
        question: &Q,
    ) -> Result<(Arc<Connection>, T), ChainError>
    where
        Q: Fn(Line) -> A,
        A: Future<Output = Result<T, ChainError>>,
    {
        let mut connection = self.connection().await?;
        if self.leave_if_flooding(&connection).await {
            connection = self.connection().await?;
        }
        let is_alone = self.inner.settings.config.endpoints.len() < 2;
        let patience = if is_alone { Patience::Full } else { Patience::Brief };
        let mut failure = match question(connection.line(patience)).await {
            Ok(answer) => {
                connection.health.answered(method);
                return Ok((connection, answer));
            }
            Err(failure) if is_alone => return Err(failure),
            Err(failure) => failure,
        };
        if !connection.is_usable() {
            // The next endpoint in order is asked first: that may be the same one, if it is better than the others.
            let next = self.connection().await?;
            match question(next.line(Patience::Full)).await {
                Ok(answer) => {
                    if next.index != connection.index {
                        self.links().await.pass_over(&self.inner.settings, connection.index, &failure.to_string());
                    }
                    return Ok((next, answer));
                }
                Err(second) => (connection, failure) = (next, second),
            }
        }
        if let Some(found) = self.elsewhere(&connection, method, &failure, question, |_| true).await {
            return Ok(found);
        }
        if matches!(failure, ChainError::Deadline { .. }) && connection.is_usable() {
            let answer = question(connection.line(Patience::Full)).await?;
            return Ok((connection, answer));
        }
        Err(failure)
    }

    /// Asks the other endpoints the question that `connection` failed. The first with an answer that `is_better` replaces
    /// `connection` if that is a reason to leave it.
    pub(crate) async fn elsewhere<T, Q, A>(
        &self,
        connection: &Arc<Connection>,
        method: &'static str,
        failure: &ChainError,
        question: &Q,
        is_better: impl Fn(&T) -> bool,
    ) -> Option<(Arc<Connection>, T)>
    where
        Q: Fn(Line) -> A,
        A: Future<Output = Result<T, ChainError>>,
    {
        let _turn = self.inner.opinions.lock().await;
        let current = self.links().await.in_use().filter(|current| !Arc::ptr_eq(current, connection));
        if let Some(current) = current
            && let Ok(answer) = question(current.line(Patience::Full)).await
            && is_better(&answer)
        {
            return Some((current, answer));
        }
        // The lock must not be held while they are asked.
        let others = self.links().await.others(&self.inner.settings, connection.index);
        for index in others {
            let Some(candidate) = self.candidate(index, connection).await else { continue };
            let other = Arc::clone(&candidate.connection);
            if let Ok(answer) = question(other.line(Patience::Full)).await
                && is_better(&answer)
            {
                if connection.health.is_outdone(method, failure) {
                    let flood = connection.flood().map(str::to_owned);
                    let reason = flood.unwrap_or_else(|| format!("{failure}; another endpoint answers"));
                    self.links().await.replace(&self.inner.settings, connection, &reason, candidate);
                }
                return Some((other, answer));
            }
        }
        None
    }

    /// The endpoint at `index`, if it is well and nothing speaks for another one. Meanwhile, reports of the suspected
    /// endpoint are ignored.
    pub(crate) async fn candidate(&self, index: usize, suspect: &Connection) -> Option<Candidate> {
        let demands = self.links().await.demands(&self.inner.settings, index, Some(suspect.index));
        let trouble = match examine(&self.inner.settings, index, &demands).await {
            Ok(Candidate { doubt: Some(doubt), .. }) => doubt,
            Ok(candidate) => return Some(candidate),
            Err(error) => error.to_string(),
        };
        self.links().await.note(&self.inner.settings, index, &trouble);
        None
    }

    /// Leaves `connection` for the first other endpoint that is well and has a finalized head that `is_better`. Returns
    /// whether there is one.
    pub(crate) async fn leave_for_another(
        &self,
        connection: &Arc<Connection>,
        reason: &str,
        is_better: impl Fn(u32) -> bool,
    ) -> bool {
        let _turn = self.inner.opinions.lock().await;
        if !self.is_current(connection).await {
            return true;
        }
        let others = self.links().await.others(&self.inner.settings, connection.index);
        for index in others {
            if let Some(candidate) = self.candidate(index, connection).await
                && is_better(candidate.head)
            {
                self.links().await.replace(&self.inner.settings, connection, reason, candidate);
                return true;
            }
        }
        false
    }

    /// Leaves `connection` if its endpoint floods us and another one is well; whether it did.
    pub(crate) async fn leave_if_flooding(&self, connection: &Arc<Connection>) -> bool {
        let Some(flood) = connection.flood() else { return false };
        connection.health.is_to_be_looked_into(self.inner.settings.tolerances.recheck_interval)
            && self.leave_for_another(connection, flood, |_| true).await
    }

    pub(crate) async fn links(&self) -> MutexGuard<'_, Links> {
        self.inner.links.lock().await
    }
}
