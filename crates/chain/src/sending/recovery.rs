//! What became of an extrinsic that was broadcast earlier: asked of the chain, not remembered.
//!
//! A nonce is used by exactly one block, and every later block's state shows it as used. So the block is found by
//! bisection over the signer's nonce, in a few requests however long the era, and then the extrinsic is looked up in
//! it by its hash. Only finalized blocks are asked about: the caller gives the range.

use crate::client::Client;
use crate::connection::line::Line;
use crate::errors::ChainError;
use crate::head::BlockRef;
use crate::reading::storage::Slot;
use subxt::dynamic::{At, Value};
use subxt::utils::H256;
use tensorflix_domain::extrinsic::Fate;
use tensorflix_domain::head::Head;
use tensorflix_domain::ids::{Block, Hotkey};

impl Client {
    /// Looks for the extrinsic with this hash, signer and nonce in the finalized blocks from `from_block` (which
    /// does not hold it) to `to_block`, both inclusive.
    ///
    /// # Errors
    /// [`ChainError::BlockUnavailable`] if the node has dropped the state of a block in the range: ask another
    /// endpoint, or decide by the subnet's `last_update`. Else what [`ChainError`] says of the conversation.
    pub async fn find_extrinsic(
        &self,
        hash: [u8; 32],
        signer: &Hotkey,
        nonce: u64,
        from_block: Block,
        to_block: Block,
    ) -> Result<Fate, ChainError> {
        let is_used_at =
            async |block| Ok::<_, ChainError>(self.nonce_at(self.block_at(block).await?, signer).await? > nonce);
        if !is_used_at(to_block).await? {
            return Ok(Fate::Open);
        }
        let (mut unused, mut used) = (from_block, to_block);
        if from_block >= to_block || is_used_at(from_block).await? {
            used = from_block.min(to_block);
        } else {
            while used - unused > 1 {
                let middle = unused + (used - unused) / 2;
                if is_used_at(middle).await? {
                    used = middle;
                } else {
                    unused = middle;
                }
            }
        }
        let block = self.block_at(used).await?;
        Ok(match self.inclusion(block.hash, H256(hash)).await? {
            Some(inclusion) => {
                self.note_taken().await;
                Fate::Included(inclusion)
            }
            None => Fate::Superseded { block: used },
        })
    }

    /// The next nonce of `hotkey` as of a finalized block, without what waits in any pool.
    ///
    /// # Errors
    /// What [`ChainError`] says of the conversation.
    pub async fn finalized_nonce(&self, head: &Head, hotkey: &Hotkey) -> Result<u64, ChainError> {
        self.nonce_at(head.into(), hotkey).await
    }

    async fn nonce_at(&self, block: BlockRef, hotkey: &Hotkey) -> Result<u64, ChainError> {
        let mut snapshot = self.snapshot(block).await?;
        let account = Slot::keyed("System", "Account", [hotkey.into()]);
        snapshot.load([account.clone()]).await?;
        let info: Value<()> = snapshot.require(&account)?;
        let nonce = info.at("nonce").and_then(Value::as_u128).and_then(|nonce| u64::try_from(nonce).ok());
        nonce.ok_or_else(|| ChainError::Undecodable {
            what: "the nonce of System.Account".to_owned(),
            spec_version: snapshot.runtime().spec_version,
            detail: "there is no such number".to_owned(),
        })
    }

    /// The finalized block with this number.
    async fn block_at(&self, number: Block) -> Result<BlockRef, ChainError> {
        const METHOD: &str = "chain_getBlockHash";
        let question = |line: Line| async move {
            let hash = line.methods.chain_get_block_hash(Some(number.into())).await;
            let hash = hash.map_err(|error| line.failed(METHOD, error))?;
            let hash = hash.ok_or_else(|| line.lacks_block(METHOD, number))?;
            match line.header(hash).await?.1 {
                found if found == number => Ok(BlockRef { number, hash }),
                found => Err(line.misanswered(METHOD, format!("the hash of block {found} instead of {number}"))),
            }
        };
        self.ask(METHOD, question).await
    }
}
