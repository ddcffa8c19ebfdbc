//! The account for which a call is executed.

use crate::node::calls::events::Phase;
use crate::node::state::genesis::AccountId;

/// Where a dispatch writes to, and for which account.
pub(crate) struct Origin<'a> {
    pub signer: &'a AccountId,
    pub phase: Phase,
}
