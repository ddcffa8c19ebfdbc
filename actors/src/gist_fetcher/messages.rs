//! What GistFetcher tells, and what it is asked.

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

/// Request: when did GitHub see these gists change last? Asked only for gists in dispute, since each costs an API request.
#[derive(Clone, Debug, Message)]
#[rtype(result = "GistsDated")]
pub struct DateGists {
    /// The polling round in which they are asked for.
    pub round: Block,
    /// Which, in this order.
    pub line: Vec<WaitingGist>,
}

/// A gist in line to be dated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingGist {
    /// Which.
    pub gist: GistName,
    /// Whether it may be asked for with the API requests that are reserved.
    pub may_use_reserve: bool,
}

/// Answer to [`DateGists`]; a gist that could not be asked for is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct GistsDated {
    /// What a look at each gist said.
    pub answers: BTreeMap<GistName, DateAnswer>,
}
