//! What every request passes before its handler: the client's rate and the deadline; and what is the same in both
//! services: `/health`, `/metrics` and `/openapi.json`.

use super::clients::Clients;
use super::health::{self, HealthReport, Standing};
use super::metrics::{self, RequestCounters};
use super::refusal::{self, Detail, Refusal};
use super::vitals::Vitals;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpResponse, ResponseError};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::openapi::OpenApi;

/// Time in which every request is answered, one way or the other. An answer that a platform still owes is stored when it
/// comes, and is there for whoever asks again.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(60);

/// Pause after which a request that met its deadline may be made again.
const AFTER_DEADLINE: Duration = Duration::from_secs(10);

/// The service that a handler belongs to.
pub struct Front {
    /// Its name, as in the configuration.
    pub service: &'static str,
    /// Its clients.
    pub clients: Clients,
    /// What it counts.
    pub requests: RequestCounters,
    /// What it watches.
    pub vitals: Arc<Vitals>,
    /// Its OpenAPI document, written once.
    pub openapi: String,
}

impl Front {
    /// The front of a service.
    pub fn new(service: &'static str, clients: Clients, vitals: Arc<Vitals>, document: &OpenApi) -> Data<Self> {
        // A document of texts and maps can always be written.
        let openapi = document.to_json().unwrap_or_default();
        Data::new(Self { service, clients, requests: RequestCounters::default(), vitals, openapi })
    }
}

/// Registers what both services have.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(read_only("/health", web::to(health)))
        .service(read_only("/metrics", web::to(metrics)))
        .service(read_only("/openapi.json", web::to(openapi)))
        .default_service(web::to(refusal::unknown_path));
}

/// An address that is only read: other methods are told so.
pub fn read_only(path: &str, handler: actix_web::Route) -> actix_web::Resource {
    use actix_web::guard::{Any, Get, Head};
    web::resource(path).route(handler.guard(Any(Get()).or(Head()))).default_service(web::to(refusal::other_method))
}

/// Admits, counts and limits a request.
///
/// # Errors
/// None that a client sees as such: errors become answers here, so that they are counted.
pub async fn guard(
    front: Data<Front>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let client = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    let http = request.request().clone();
    let answer = match front.clients.admit(client) {
        Err(pause) => Err(Refusal::too_many("too many requests from this address: ask more slowly", pause).into()),
        Ok(()) => tokio::time::timeout(REQUEST_DEADLINE, next.call(request))
            .await
            .unwrap_or_else(|_| {
                let text = format!("there was no answer within {} s; it is still awaited", REQUEST_DEADLINE.as_secs());
                Err(Refusal::unavailable(text, AFTER_DEADLINE).into())
            })
            .map(ServiceResponse::map_into_boxed_body),
    };
    let answer = answer.unwrap_or_else(|error: Error| {
        let response = match error.as_error::<Refusal>() {
            Some(refusal) => refusal.error_response(),
            // Errors of actix-web's own may repeat what the client sent.
            None => unexplained(error.as_response_error().status_code()),
        };
        ServiceResponse::new(http, response)
    });
    front.requests.count(front.service, answer.request().match_pattern(), answer.status().as_u16(), begun.elapsed());
    Ok(answer)
}

fn unexplained(status: StatusCode) -> HttpResponse {
    let detail = status.canonical_reason().unwrap_or("the request cannot be answered").to_lowercase();
    HttpResponse::build(status).json(Detail { detail })
}

/// How the service is: `degraded` still answers, `unhealthy` (503) does not do what it is for.
#[utoipa::path(get, path = "/health", responses(
    (status = 200, description = "healthy or degraded; the reasons say what is wrong", body = HealthReport),
    (status = 429, description = "too many requests from this address", body = Detail),
    (status = 503, description = "unhealthy; the reasons say what is wrong", body = HealthReport),
))]
pub async fn health(front: Data<Front>) -> HttpResponse {
    let report = health::report(front.service, &front.vitals);
    let status = match report.status {
        Standing::Healthy | Standing::Degraded => StatusCode::OK,
        Standing::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpResponse::build(status).json(report)
}

/// Counters and gauges for Prometheus, in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, description = "OpenMetrics", body = String, content_type = "application/openmetrics-text"),
    (status = 429, description = "too many requests from this address", body = Detail),
))]
pub async fn metrics(front: Data<Front>) -> HttpResponse {
    HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(metrics::text(&front))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"),
    (status = 429, description = "too many requests from this address", body = Detail),
))]
pub async fn openapi(front: Data<Front>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(front.openapi.clone())
}
