//! Raw gist files: `/{user}/{gist}/raw`, `/raw/{file}`, `/raw/{sha}` and `/raw/{sha}/{file}`.
//!
//! Without a file name it is the first file by name. The user must own the gist. Costs nothing of the API's limits.

use super::{GitHubControl, digest};
use crate::platforms::counters::Counters;
use crate::platforms::exchange::{Answer, PlatformApi, Request, UNKNOWN_ROUTE};
use crate::world::{GistFile, Revision, WorldHandle};

const NEWEST: &str = "raw";
const PINNED: &str = "raw.pinned";
/// Hex digits of a revision.
const SHA_LENGTH: usize = 40;

/// The raw files of one world.
pub(crate) struct GitHubRaw {
    world: WorldHandle,
    control: GitHubControl,
}

impl GitHubRaw {
    pub(crate) fn new(world: WorldHandle, control: GitHubControl) -> Self {
        Self { world, control }
    }

    fn file(&self, request: &Request) -> Option<GistFile> {
        let segments = request.segments();
        let (user, gist_id, rest) = match segments.as_slice() {
            [user, gist_id, "raw", rest @ ..] => (user, gist_id, rest),
            _ => return None,
        };
        let block = self.world.block();
        let world = self.world.read();
        // Logins are compared as GitHub does, without regard to case.
        let gist = world.gist(gist_id).filter(|gist| gist.owner.eq_ignore_ascii_case(user))?;
        let newest = || gist.newest(self.control.cached_block(block)).or_else(|| gist.newest(block));
        match rest {
            [] => first(newest()?),
            [sha] if is_sha(sha) => first(gist.revision(sha, block)?),
            [file] => named(newest()?, file),
            [sha, file] if is_sha(sha) => named(gist.revision(sha, block)?, file),
            _ => None,
        }
    }
}

fn first(revision: &Revision) -> Option<GistFile> {
    revision.files.first().cloned()
}

fn named(revision: &Revision, name: &str) -> Option<GistFile> {
    revision.files.iter().find(|file| file.name == name).cloned()
}

fn is_sha(segment: &str) -> bool {
    segment.len() == SHA_LENGTH && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl PlatformApi for GitHubRaw {
    fn block(&self) -> u32 {
        self.world.block()
    }

    fn route(&self, request: &Request) -> &'static str {
        match request.segments().as_slice() {
            [_, _, "raw", sha, ..] if is_sha(sha) => PINNED,
            [_, _, "raw", ..] => NEWEST,
            _ => UNKNOWN_ROUTE,
        }
    }

    fn ids(&self, request: &Request) -> Vec<String> {
        match request.segments().as_slice() {
            [_, gist_id, "raw", ..] => vec![(*gist_id).to_owned()],
            _ => Vec::new(),
        }
    }

    fn answer(&self, request: &Request, _counters: &Counters) -> Answer {
        let file = if request.method == "GET" { self.file(request) } else { None };
        let Some(file) = file else { return self.error(404) };
        let etag = format!("\"{}\"", digest(&file.bytes));
        let answer = if request.has_etag(&etag) {
            Answer::empty(304)
        } else {
            Answer::bytes(200, "text/plain; charset=utf-8", file.bytes.to_vec())
        };
        answer.with("ETag", etag).with("Cache-Control", "max-age=300").with("X-Content-Type-Options", "nosniff")
    }

    fn error(&self, status: u16) -> Answer {
        let message = match status {
            404 => "404: Not Found",
            429 => "429: Too Many Requests",
            _ => "Error",
        };
        Answer::bytes(status, "text/plain; charset=utf-8", message)
    }

    fn quota_exceeded(&self) -> Answer {
        self.error(429)
    }
}
