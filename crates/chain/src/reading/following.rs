//! The subscription to finalized heads, and the newest block that it reported.

use crate::connection::line::Connection;
use crate::head::{BlockRef, ChainHeader, hash_of};
use futures::FutureExt;
use std::sync::Arc;
use subxt::config::Header;
use subxt::rpcs::client::RpcSubscription;
use tensorflix_domain::ids::Block;

/// The subscription to finalized heads, kept between calls.
#[derive(Default)]
pub(crate) struct Following {
    pub(super) subscription: Option<(Arc<Connection>, RpcSubscription<ChainHeader>)>,
    pub(super) newest: Option<BlockRef>,
}

impl Following {
    /// Records a block that the node reported.
    pub(super) fn note(&mut self, told: BlockRef) {
        if self.newest.is_none_or(|newest| told.number > newest.number) {
            self.newest = Some(told);
        }
    }

    /// Takes what has already arrived; a subscription that ended is dropped, with the block that it reported.
    pub(super) fn drain(&mut self) {
        while let Some((_, subscription)) = &mut self.subscription {
            match subscription.next().now_or_never() {
                None => return,
                Some(Some(Ok(header))) => self.note_header(&header),
                Some(Some(Err(_)) | None) => *self = Self::default(),
            }
        }
    }

    /// Records a header from the subscription.
    pub(super) fn note_header(&mut self, header: &ChainHeader) {
        // A block number above u32 does not exist on this chain; such a header is no header of it.
        if let Ok(number) = Block::try_from(header.number()) {
            if let Some((connection, _)) = &self.subscription {
                connection.health.head_told(number);
            }
            self.note(BlockRef { number, hash: hash_of(header) });
        }
    }
}
