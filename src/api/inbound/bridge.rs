//! Between hyper, which has the connection, and actix-web, which has the routes.
//!
//! The two use different versions of the crate `http`, so requests and answers are converted. Request bodies are not passed on.

use super::phase::Course;
use actix_http::{Method, Uri, Version, header};
use actix_service::Service;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Mark of a request that promises a body.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct HasBody;

/// What answers the requests of a connection.
pub(in crate::api) trait Answerer {
    /// The answer to a request. The request's body is not read.
    async fn answer(&self, request: Request<Incoming>) -> Response<BoxBody>;
}

/// actix-web's routes, for one client.
pub(in crate::api) struct Routes<S> {
    pub service: Rc<S>,
    pub peer: SocketAddr,
}

impl<S, B> Answerer for Routes<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    async fn answer(&self, request: Request<Incoming>) -> Response<BoxBody> {
        let has_body = !request.body().is_end_stream();
        let mut said = match asked(&request, self.peer) {
            Some(request) => match self.service.call(request).await {
                Ok(answer) => answered(answer.into_parts().1.map_into_boxed_body()),
                Err(error) => answered(error.error_response()),
            },
            None => empty(StatusCode::BAD_REQUEST),
        };
        if has_body {
            said.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        said
    }
}

/// The request in actix-web's types; `None` if it cannot be expressed in them.
fn asked(request: &Request<Incoming>, peer: SocketAddr) -> Option<actix_http::Request> {
    let mut said = actix_http::Request::new();
    let head = said.head_mut();
    head.method = Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    head.uri = request.uri().to_string().parse::<Uri>().ok()?;
    head.version = if request.version() == hyper::Version::HTTP_10 { Version::HTTP_10 } else { Version::HTTP_11 };
    head.peer_addr = Some(peer);
    for (name, value) in request.headers() {
        let name = header::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers.append(name, header::HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if !request.body().is_end_stream() {
        said.extensions_mut().insert(HasBody);
    }
    Some(said)
}

/// The answer in hyper's types.
fn answered(answer: actix_web::HttpResponse) -> Response<BoxBody> {
    let mut said = empty(StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in answer.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            said.headers_mut().append(name, value);
        }
    }
    let body = answer.into_body();
    if let BodySize::Sized(length) = body.size() {
        said.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *said.body_mut() = body;
    said
}

fn empty(status: StatusCode) -> Response<BoxBody> {
    let mut said = Response::new(BoxBody::new(()));
    *said.status_mut() = status;
    said
}

/// The body of an answer, which notifies its connection's course when it ends.
pub(super) struct AnswerBody {
    body: BoxBody,
    held: usize,
    course: Rc<Course>,
}

impl AnswerBody {
    pub fn new(body: BoxBody, course: Rc<Course>) -> Self {
        let (held, body) = match body.try_into_bytes() {
            // Bytes that are shared with others cost nothing more.
            Ok(bytes) => (if bytes.is_unique() { bytes.len() } else { 0 }, bytes.boxed()),
            Err(body) => (0, body),
        };
        Self { body, held, course }
    }

    /// Bytes in memory for this answer alone. An answer that comes in parts is produced only as fast as it is read.
    pub const fn held(&self) -> usize {
        self.held
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // The error is not passed on: hyper only ends the answer.
        let next = Pin::new(&mut self.body).poll_next(context);
        next.map(|part| part.map(|part| part.map(Frame::data).map_err(|_| "the answer broke off".into())))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.body.size(), BodySize::None | BodySize::Sized(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size() {
            BodySize::None => SizeHint::with_exact(0),
            BodySize::Sized(length) => SizeHint::with_exact(length),
            BodySize::Stream => SizeHint::default(),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.course.answer_ended();
    }
}
