//! A connection's stream, which reports to its course what happens on it.

use super::phase::Course;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most bytes that are read at once, and so the most that is kept of the next requests while one is answered.
const PIECE_BYTES: usize = 4 * 1024;

/// The stream.
pub(super) struct TimedStream<S> {
    stream: S,
    course: Rc<Course>,
}

impl<S> TimedStream<S> {
    pub const fn new(stream: S, course: Rc<Course>) -> Self {
        Self { stream, course }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.course.may_read() {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        let mut bytes = [0; PIECE_BYTES];
        let mut piece = ReadBuf::new(&mut bytes[..PIECE_BYTES.min(into.remaining())]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        if !piece.filled().is_empty() {
            self.course.bytes_came(piece.filled().len());
        }
        into.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper asks for this only when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.course.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
