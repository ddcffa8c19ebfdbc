//! Runs of an Apify actor: starts one, follows it to its end, stops it, and reads its data set.

use super::account::{Instagram, charge_units};
use super::items::Joined;
use super::refusals;
use super::span::Span;
use crate::outbound::address::address;
use crate::outbound::json_parts::{members, some_members};
use crate::outbound::{AddressError, LONGEST_PAUSE, Outbound, Timing};
use crate::platforms::{BatchError, BatchFailure};
use crate::ports::{Credential, HttpError, HttpRequest, HttpResponse, Method};
use serde_json::{Value, json};
use std::time::Duration;
use tensorflix_domain::ids::ContentId;
use url::Url;

/// Seconds that Apify may delay an answer while a run goes on; its own limit is 60.
const WAIT_FOR_FINISH_SECS: u64 = 60;

/// Beyond [`WAIT_FOR_FINISH_SECS`], the time that an answer may take.
const ANSWER_MARGIN: Duration = Duration::from_secs(15);

/// An item of the scraper is a few kilobytes; this bounds a whole data set.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// Pauses before a GET is repeated: about a quarter of a minute in all, and longer ones where Apify asks for them.
const GET_RETRY_PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Pauses before a data set is read, and before it is read again if some reel has no item in it.
pub(super) fn looks() -> impl Iterator<Item = Duration> {
    [0, 2, 4, 8].into_iter().map(Duration::from_secs)
}

/// The final status of a run that did all of its work.
const SUCCEEDED: &str = "SUCCEEDED";

/// A run, as Apify describes it.
#[derive(Clone)]
pub(super) struct Run {
    id: String,
    status: String,
    pub(super) dataset: String,
    /// What it cost so far.
    pub(super) cost_usd: Option<f64>,
}

impl Run {
    /// Reads an answer. `None` if it holds no run, because it was cut off or comes from a proxy.
    fn read(response: &HttpResponse) -> Option<Self> {
        let part = members(&response.body)?.find_map(|part| part.ok().filter(|part| part.is("data")))?;
        let data = Value::from(some_members(part.value, &["id", "status", "defaultDatasetId", "usageTotalUsd"])?);
        let field = |name: &str| data[name].as_str().map(str::to_owned);
        Some(Self {
            id: field("id")?,
            status: field("status")?,
            dataset: field("defaultDatasetId")?,
            cost_usd: data["usageTotalUsd"].as_f64(),
        })
    }

    pub(super) fn has_ended(&self) -> bool {
        !matches!(self.status.as_str(), "READY" | "RUNNING" | "TIMING-OUT" | "ABORTING")
    }

    /// What to report about a run that has not done all of its work.
    pub(super) fn trouble(&self) -> Option<String> {
        (self.status != SUCCEEDED).then(|| format!("the Apify run ended as {}", self.status))
    }
}

/// Why a run or its items could not be read. The run is paid for all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RunError {
    /// The configured address cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// There was no answer.
    #[error("Apify: {0}")]
    Http(HttpError),
    /// The answer was a refusal, or Apify is out of order.
    #[error("Apify answered {0}")]
    Status(u16),
    /// The answer was not what was asked for.
    #[error("Apify's answer is not {0}")]
    NotThat(&'static str),
    /// The time for the run was over, in seconds.
    #[error("an Apify run did not end within {0} s")]
    TooLate(u64),
}

impl Instagram {
    /// Starts a run, if enough of its time is left when its turn comes.
    pub(super) async fn start_run(
        &self,
        outbound: &Outbound,
        contents: &[ContentId],
        span: Span,
    ) -> Result<Run, BatchFailure> {
        let not_started = |error| BatchFailure { error, unspent_units: charge_units(self.max_charge_usd) };
        let mut url = address(&self.api_url, &["v2", "acts", &self.actor, "runs"])
            .map_err(|error| not_started(BatchError::Lasting(error.to_string())))?;
        // Without its id a run can neither be stopped nor read, so the first answer has to come well before that.
        let wait_secs = (self.least_time() / 3).as_secs().min(WAIT_FOR_FINISH_SECS);
        url.query_pairs_mut()
            .append_pair("waitForFinish", &wait_secs.to_string())
            .append_pair("maxItems", &contents.len().to_string())
            .append_pair("maxTotalChargeUsd", &self.max_charge_usd.to_string());
        let reels: Vec<String> =
            contents.iter().map(|reel| format!("https://www.instagram.com/reel/{}/", reel.as_str())).collect();
        let mut request = self.request(url);
        request.method = Method::Post;
        request.body = Some(json!({ "username": reels, "resultsLimit": contents.len() }).to_string());
        let send_by = span.end.saturating_sub(self.least_time());
        let timing = Timing { send_by, answer_by: span.end };
        let response = outbound.send_within(request, timing).await.map_err(|error| match error {
            HttpError::AskedToWait(_) | HttpError::NoTimeLeft => {
                not_started(BatchError::Held(format!("Apify: {error}")))
            }
            HttpError::OutOfTime(_) if span.is_cut => BatchError::OutOfTime(format!("Apify: {error}")).into(),
            error => BatchError::Lost(format!("Apify: {error}")).into(),
        })?;
        match response.status {
            200 | 201 => {
                let no_run = || BatchError::Lost("Apify's answer is not a run".to_owned());
                Ok(Run::read(&response).ok_or_else(no_run)?)
            }
            // A proxy may have timed out.
            status @ (408 | ..400 | 500..) => Err(BatchError::Lost(format!("Apify answered {status}")).into()),
            _ => Err(not_started(refusals::of_start(&response, self.api_key.as_ref()))),
        }
    }

    /// Polls a run until it has ended.
    pub(super) async fn follow(&self, outbound: &Outbound, run: &Run) -> Result<Run, RunError> {
        let mut run = run.clone();
        while !run.has_ended() {
            let mut url = address(&self.api_url, &["v2", "actor-runs", &run.id])?;
            url.query_pairs_mut().append_pair("waitForFinish", &WAIT_FOR_FINISH_SECS.to_string());
            run = self.get(outbound, &url, "a run", Run::read).await?;
        }
        Ok(run)
    }

    /// Stops a run within the time given. `None` if it goes on, as far as known.
    pub(super) async fn stop(&self, outbound: &Outbound, run: &Run, patience: Duration) -> Option<Run> {
        let stop = async {
            let url = address(&self.api_url, &["v2", "actor-runs", &run.id, "abort"]).ok()?;
            let mut request = self.request(url);
            (request.method, request.body) = (Method::Post, Some("{}".to_owned()));
            let response = outbound.send(request).await.ok()?;
            let stopped = Run::read(&response).filter(|_| response.status == 200)?;
            if stopped.has_ended() { Some(stopped) } else { self.follow(outbound, &stopped).await.ok() }
        };
        tokio::select! {
            biased;
            stopped = stop => stopped,
            () = self.clock.sleep(patience) => None,
        }
    }

    /// What the items of a data set say about these reels.
    pub(super) async fn items(
        &self,
        outbound: &Outbound,
        dataset: &str,
        contents: &[ContentId],
    ) -> Result<Joined, RunError> {
        let url = address(&self.api_url, &["v2", "datasets", dataset, "items"])?;
        self.get(outbound, &url, "a list of items", |response| Joined::read(&response.body, contents)).await
    }

    /// Reads something, with retries after temporary failures, which include an answer that is not `what` was
    /// requested.
    async fn get<T>(
        &self,
        outbound: &Outbound,
        url: &Url,
        what: &'static str,
        read: impl Fn(&HttpResponse) -> Option<T>,
    ) -> Result<T, RunError> {
        let mut pauses = GET_RETRY_PAUSES.iter();
        loop {
            let (error, retry_after) = match outbound.send(self.request(url.clone())).await {
                Ok(response) => match (response.status, read(&response)) {
                    (200, Some(what)) => return Ok(what),
                    (200, None) => (RunError::NotThat(what), None),
                    (status @ (408 | 429 | 500..), _) => (RunError::Status(status), response.retry_after()),
                    (status, _) => return Err(RunError::Status(status)),
                },
                // The run is paid for, even if reading it is refused.
                Err(error @ HttpError::AskedToWait(_)) => return Err(RunError::Http(error)),
                Err(error) => (RunError::Http(error), None),
            };
            let Some(pause) = pauses.next().map(|pause| retry_after.unwrap_or_default().max(*pause)) else {
                return Err(error);
            };
            if pause > LONGEST_PAUSE {
                return Err(error);
            }
            let error = error.to_string();
            tracing::debug!(error, pause_ms = pause.as_millis(), "request to Apify failed; will retry");
            self.clock.sleep(pause).await;
        }
    }

    fn request(&self, url: Url) -> HttpRequest {
        let deadline = Duration::from_secs(WAIT_FOR_FINISH_SECS) + ANSWER_MARGIN;
        let mut request = HttpRequest::get(url, deadline, MAX_ANSWER_BYTES);
        request.credential = self.api_key.clone().map(Credential::Bearer);
        request
    }
}
