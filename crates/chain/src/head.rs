//! A block that the chain calls final, and how a header is known to be the one that was asked for.

use parity_scale_codec::Encode;
use subxt::config::substrate::{BlakeTwo256, SubstrateHeader};
use subxt::config::{Hasher, Header};
use subxt::utils::H256;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::Block;

pub(crate) type ChainHeader = SubstrateHeader<H256>;

/// A block by its number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockRef {
    pub(crate) number: Block,
    pub(crate) hash: H256,
}

impl From<&Head> for BlockRef {
    fn from(head: &Head) -> Self {
        Self { number: head.stamp.block, hash: H256(head.hash) }
    }
}

/// The number of a header, if it is the one with this hash.
pub(crate) fn checked(header: &ChainHeader, hash: H256) -> Result<Block, String> {
    if hash_of(header) != hash {
        return Err(format!("the header of another block than 0x{}", hex::encode(hash)));
    }
    Block::try_from(header.number()).map_err(|error| error.to_string())
}

/// The hash by which a header is known.
pub(crate) fn hash_of(header: &ChainHeader) -> H256 {
    BlakeTwo256.hash(&header.encode())
}
