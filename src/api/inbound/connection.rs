//! One connection, from its first byte to its end.

use super::bridge::{AnswerBody, Answerer};
use super::places::Place;
use super::stream::TimedStream;
use crate::telemetry::client_noise;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest head of a request, bytes. Clients may put ids of any length into a path.
const LONGEST_HEAD_BYTES: usize = 64 * 1024;
/// Most headers of a request.
const MOST_HEADERS: usize = 64;
/// Bytes that are still read from a client that keeps sending after the answer; otherwise it might not see the answer.
const MOST_UNREAD_BYTES: usize = 64 * 1024;

/// Serves a connection until it ends, its client keeps the service waiting for too long, or its place is needed. Once
/// `stopping` comes it ends with the answer under way.
pub(in crate::api) async fn serve<S>(stream: S, place: Place, answerer: &impl Answerer, stopping: impl Future)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let course = &place.course;
    let io = TokioIo::new(TimedStream::new(stream, Rc::clone(course)));
    let service = service_fn(|request| Box::pin(answer(request, &place, answerer)));
    let mut connection = http1::Builder::new()
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(LONGEST_HEAD_BYTES)
        .max_headers(MOST_HEADERS)
        .serve_connection(io, service);
    let mut stopping = pin!(stopping);
    let mut is_stopping = false;
    let spoken = poll_fn(|context| {
        if !is_stopping && stopping.as_mut().poll(context).is_ready() {
            is_stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    });
    match course.in_time(spoken).await {
        Some(Ok(())) => {}
        Some(Err(error)) if error.is_parse() => client_noise::note(),
        // The client is gone, or the wait for it is over.
        Some(Err(_)) | None => return,
    }
    course.closing();
    let _ = course.in_time(close(connection.into_parts().io.into_inner())).await;
}

async fn answer(
    request: Request<Incoming>,
    place: &Place,
    answerer: &impl Answerer,
) -> Result<Response<AnswerBody>, Infallible> {
    let course = &place.course;
    course.asked().await;
    place.places.relieve().await;
    let mut answer = answerer.answer(request).await.map(|body| AnswerBody::new(body, Rc::clone(course)));
    if place.places.is_crowded() {
        // Closing later could hit a client that has just begun its next request.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    course.answered(answer.body().held());
    Ok(answer)
}

/// Closes the sending side, and waits until the client closes its side: otherwise bytes on the way to it would be lost.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let (mut piece, mut left) = ([0; 1_024], MOST_UNREAD_BYTES);
    while left > 0
        && let Ok(length @ 1..) = stream.read(&mut piece).await
    {
        left = left.saturating_sub(length);
    }
}
