//! The checks that every request passes before its handler: whether it is meant for this service, the client's rate and the
//! deadline; and the routes that all services have: `/health`, `/metrics` and `/openapi.json`.

use super::guard::clients::Clients;
use super::guard::host;
use super::guard::host::HostError;
use super::guard::origin;
use super::guard::refusal;
use super::guard::refusal::{Detail, Refusal};
use super::inbound::HasBody;
use super::service::{REQUEST_DEADLINE, Service};
use super::watch::health;
use super::watch::health::HealthReport;
use super::watch::metrics;
use super::watch::metrics::RequestCounters;
use super::watch::status::HealthStatus;
use super::watch::vitals::Vitals;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HOST;
use actix_web::http::{Method, StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::openapi::OpenApi;

/// `Retry-After` of a request that reached its deadline.
const AFTER_DEADLINE: Duration = Duration::from_secs(10);

/// The service that a handler belongs to.
pub struct Front {
    /// Which.
    pub service: Service,
    /// Its clients.
    pub clients: Clients,
    /// What it counts.
    pub requests: RequestCounters,
    /// What it watches.
    pub vitals: Arc<Vitals>,
    /// Its OpenAPI document, written once.
    pub openapi: Bytes,
}

impl Front {
    /// The front of a service.
    pub fn new(service: Service, clients: Clients, vitals: Arc<Vitals>, document: &OpenApi) -> Data<Self> {
        // A document of texts and maps can always be serialized.
        let openapi = Bytes::from(document.to_json().unwrap_or_default());
        Data::new(Self { service, clients, requests: RequestCounters::default(), vitals, openapi })
    }
}

/// Registers the routes that all services have.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(read_only("/health", web::to(health)))
        .service(read_only("/metrics", web::to(metrics)))
        .service(read_only("/openapi.json", web::to(openapi)))
        .default_service(web::to(refusal::unknown_path));
}

/// A read-only path: other methods are rejected with an explanation.
pub fn read_only(path: &str, handler: actix_web::Route) -> actix_web::Resource {
    use actix_web::guard::{Any, Get, Head};
    web::resource(path).route(handler.guard(Any(Get()).or(Head()))).default_service(web::to(refusal::other_method))
}

/// Admits, counts and limits a request.
///
/// # Errors
/// [`Refusal`] when the deadline has passed; actix-web turns it into its answer.
pub async fn guard(
    front: Data<Front>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (begun, route) = (Instant::now(), request.match_pattern());
    let answer = match admit(&front.clients, &request) {
        Err(refusal) => Ok(request.into_response(refusal.error_response())),
        // No other handle on the request may be held meanwhile: actix-web needs it exclusively to write the path's ids into it.
        Ok(()) => match tokio::time::timeout(REQUEST_DEADLINE, next.call(request)).await {
            Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
            Err(_) => {
                let text =
                    format!("no answer within {} s; the work continues, so try again", REQUEST_DEADLINE.as_secs());
                Err(Refusal::unavailable(text, AFTER_DEADLINE).into())
            }
        },
    };
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    front.requests.count(front.service, route, status.as_u16(), begun.elapsed());
    answer
}

/// Accepts a request, unless it is not meant for this service or its client exceeds the rate limit.
///
/// A request that is not meant for this service does not count toward a rate: otherwise a web page could use up a client's rate.
fn admit(clients: &Clients, request: &ServiceRequest) -> Result<(), Refusal> {
    // Other methods get an explanation from their handler.
    if [Method::GET, Method::HEAD].contains(request.method()) && request.extensions().contains::<HasBody>() {
        return Err(Refusal::bad_request("this service accepts no request body: send the request without one"));
    }
    let mut hosts = request.headers().get_all(HOST);
    let said = host::Said {
        authority: request.uri().authority().map(|authority| authority.as_str()),
        header: hosts.next().map(|host| host.as_bytes()),
        headers: request.headers().get_all(HOST).count(),
        is_old: request.version() < Version::HTTP_11,
    };
    host::check(said, clients.names()).map_err(refuse_host)?;
    let client = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    clients
        .admit(client, is_foreign(request.request()))
        .map_err(|pause| Refusal::too_many("too many requests from this address: send fewer", pause))
}

fn refuse_host(error: HostError) -> Refusal {
    match error {
        HostError::Missing => Refusal::bad_request("the request has no Host header"),
        HostError::Repeated => Refusal::bad_request("the request has more than one Host header"),
        HostError::Malformed => {
            Refusal::bad_request("the Host header is neither a name nor an IP address, with or without a port")
        }
        HostError::OtherName => Refusal::misdirected(
            "this host name is not served here: use the IP address or localhost, or add the name to http.allowed_hosts",
        ),
    }
}

/// Whether a page of another site caused this request: then it must not use any quota.
pub fn is_foreign(request: &HttpRequest) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    origin::is_foreign(request.headers(), authority.or(host))
}

/// The state of the service: `degraded` still answers, `unhealthy` (503) does not work.
#[utoipa::path(get, path = "/health", responses(
    (status = 200, description = "healthy or degraded; the reasons say what is wrong", body = HealthReport),
    (status = 400, description = "a body, or no Host that could be one", body = Detail),
    (status = 421, description = "sent to a host name that is not served here", body = Detail),
    (status = 429, description = "too many requests from this address", body = Detail),
    (status = 503, description = "unhealthy; the reasons say what is wrong", body = HealthReport),
))]
pub async fn health(front: Data<Front>) -> HttpResponse {
    let report = health::report(front.service, &front.vitals);
    let status = match report.status {
        HealthStatus::Healthy | HealthStatus::Degraded => StatusCode::OK,
        HealthStatus::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpResponse::build(status).json(report)
}

/// Counters and gauges for Prometheus, in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, description = "OpenMetrics", body = String, content_type = "application/openmetrics-text"),
    (status = 400, description = "a body, or no Host that could be one", body = Detail),
    (status = 421, description = "sent to a host name that is not served here", body = Detail),
    (status = 429, description = "too many requests from this address", body = Detail),
))]
pub async fn metrics(front: Data<Front>) -> HttpResponse {
    HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(metrics::text(
        front.service,
        &front.requests,
        &front.vitals,
    ))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"),
    (status = 400, description = "a body, or no Host that could be one", body = Detail),
    (status = 421, description = "sent to a host name that is not served here", body = Detail),
    (status = 429, description = "too many requests from this address", body = Detail),
))]
pub async fn openapi(front: Data<Front>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(front.openapi.clone())
}
