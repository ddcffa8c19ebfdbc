//! Detectors of which a script answers the requests.

use crate::scripted_services::http::SECRET;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tensorflix_actors::verifier::{Detector, OpenAi, SightEngine, Terms, Webhook, detector_bucket};
use tensorflix_domain::verification::Provider;

/// The path at which a detector is asked.
pub fn path(provider: Provider) -> &'static str {
    match provider {
        Provider::Sightengine => "/1.0/check.json",
        Provider::Openai => "/v1/moderations",
        _ => "/hook",
    }
}

/// The limits of the detectors below.
fn terms(provider: Provider, daily_requests: u64) -> Terms {
    let bucket = detector_bucket(provider, Some(&SECRET.into()));
    Terms { bucket, max_in_flight: 2, daily_requests, deadline: Duration::from_secs(15) }
}

/// A detector with a daily limit of requests.
pub fn detector(provider: Provider, daily_requests: u64) -> Arc<dyn Detector> {
    let terms = terms(provider, daily_requests);
    let api_url = "https://detector.example".parse().expect("a URL");
    let secret = || SecretString::from(SECRET);
    match provider {
        Provider::Sightengine => Arc::new(SightEngine { api_url, api_user: secret(), api_secret: secret(), terms }),
        Provider::Openai => Arc::new(OpenAi { api_url, api_key: secret(), terms }),
        _ => Arc::new(Webhook { url: api_url.join("hook").expect("a URL"), token: Some(secret()), terms }),
    }
}
