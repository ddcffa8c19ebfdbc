//! The messages that GistFetcher sends, and its requests.

use actix::Message;
use std::collections::BTreeMap;
use tensorflix_domain::dating::DateAnswer;
use tensorflix_domain::gist_owner::GistName;
use tensorflix_domain::ids::Block;

/// A polling round was finished and stored.
#[derive(Clone, Copy, Debug, Message, PartialEq, Eq)]
#[rtype(result = "()")]
pub struct SubmissionsRecorded {
    /// The round's block.
    pub round: Block,
}

/// Request: the time at which GitHub saw these gists change last. Sent only for gists in dispute, since each costs an
/// API request.
#[derive(Clone, Debug, Message)]
#[rtype(result = "GistsDated")]
pub struct DateGists {
    /// The polling round in which they are requested.
    pub round: Block,
    /// Which gists, in this order.
    pub line: Vec<WaitingGist>,
}

/// A gist that waits to be dated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingGist {
    /// Which gist.
    pub gist: GistName,
    /// Whether it may use the reserved API requests.
    pub may_use_reserve: bool,
}

/// Answer to [`DateGists`]; a gist that could not be requested is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct GistsDated {
    /// The result for each gist.
    pub answers: BTreeMap<GistName, DateAnswer>,
}
