//! What each refusal and failure of an extrinsic asks of us.
//!
//! Errors are known by name, since their numbers move between runtimes. What is not known here goes to the operator:
//! nothing unknown is ever retried by itself.

use crate::sending::inclusion::DispatchFailure;
use crate::sending::pool::PoolError;

/// What to do after an extrinsic was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Wait (a rate limit, or a few blocks), then send again.
    Wait,
    /// Our picture of the chain is old: read it again and build anew. Ask first whether the bytes are included.
    ReadAgain,
    /// Wait for the next epoch.
    NextEpoch,
    /// Too few entries: pad with zero-valued UIDs to the chain's minimum. If it was padded, our bug.
    Pad,
    /// Only the operator can help (stake, permit, registration, version, fee).
    AlertOperator,
    /// We built something that the chain can never take. Do not send it again; report it.
    OurBug,
}

impl DispatchFailure {
    /// What this failure asks of us.
    pub fn remedy(&self) -> Remedy {
        match self.name.as_str() {
            "SettingWeightsTooFast"
            | "CommittingWeightsTooFast"
            | "CommitmentSetRateLimitExceeded"
            | "TxRateLimitExceeded"
            | "AdminActionProhibitedDuringWeightsWindow"
            | "Exhausted"
            | "Unavailable" => Remedy::Wait,
            "UidVecContainInvalidOne" | "InvalidRevealRound" | "CommitRevealEnabled" | "CommitRevealDisabled" => {
                Remedy::ReadAgain
            }
            "TooManyUnrevealedCommits" | "SpaceLimitExceeded" => Remedy::NextEpoch,
            "WeightVecLengthIsLow" => Remedy::Pad,
            "DuplicateUids"
            | "WeightVecNotEqualSize"
            | "InputLengthsUnequal"
            | "MaxWeightExceeded"
            | "UidsLengthExceedUidsInSubNet"
            | "TooManyFieldsInCommitmentInfo" => Remedy::OurBug,
            // Among them HotKeyNotRegisteredInSubNet, NotEnoughStakeToSetWeights, NeuronNoValidatorPermit,
            // IncorrectWeightVersionKey, IncorrectCommitRevealVersion and AccountNotAllowedCommit.
            _ => Remedy::AlertOperator,
        }
    }
}

impl PoolError {
    /// What this refusal asks of us.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Custom(6) | Self::ExhaustsResources | Self::ImmediatelyDropped => Remedy::Wait,
            // A stale nonce or a ban may mean that these very bytes are included (pools ban what was included for half
            // an hour); a bad proof, that the runtime was upgraded after signing.
            Self::Stale
            | Self::TemporarilyBanned
            | Self::Future
            | Self::AncientBirthBlock
            | Self::BadProof
            | Self::Unreadable(_)
            | Self::AlreadyImported
            | Self::TooLowPriority
            | Self::Custom(15 | 19) => Remedy::ReadAgain,
            Self::Custom(18) => Remedy::OurBug,
            Self::Payment | Self::Call | Self::BadSigner | Self::Custom(_) | Self::Other { .. } => {
                Remedy::AlertOperator
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::runtime::tests::finney;

    const ROWS: [(&str, Remedy); 20] = [
        ("SettingWeightsTooFast", Remedy::Wait),
        ("CommittingWeightsTooFast", Remedy::Wait),
        ("UidVecContainInvalidOne", Remedy::ReadAgain),
        ("CommitRevealEnabled", Remedy::ReadAgain),
        ("CommitRevealDisabled", Remedy::ReadAgain),
        ("TooManyUnrevealedCommits", Remedy::NextEpoch),
        ("HotKeyNotRegisteredInSubNet", Remedy::AlertOperator),
        ("NotEnoughStakeToSetWeights", Remedy::AlertOperator),
        ("NeuronNoValidatorPermit", Remedy::AlertOperator),
        ("IncorrectWeightVersionKey", Remedy::AlertOperator),
        ("IncorrectCommitRevealVersion", Remedy::AlertOperator),
        ("WeightVecLengthIsLow", Remedy::Pad),
        ("DuplicateUids", Remedy::OurBug),
        ("WeightVecNotEqualSize", Remedy::OurBug),
        ("MaxWeightExceeded", Remedy::OurBug),
        ("UidsLengthExceedUidsInSubNet", Remedy::OurBug),
        ("InputLengthsUnequal", Remedy::OurBug),
        ("AccountNotAllowedCommit", Remedy::AlertOperator),
        ("SpaceLimitExceeded", Remedy::NextEpoch),
        ("TooManyFieldsInCommitmentInfo", Remedy::OurBug),
    ];

    #[test]
    fn every_known_error_has_its_remedy_and_exists_on_mainnet() {
        let runtime = finney();
        let names: Vec<_> = ["SubtensorModule", "Commitments"]
            .into_iter()
            .flat_map(|pallet| runtime.metadata().pallet_by_name(pallet).expect("a pallet").error_variants())
            .flatten()
            .map(|error| error.name.as_str())
            .collect();
        for (name, remedy) in ROWS {
            assert!(names.contains(&name), "{name} is no error of the runtime");
            let failure = DispatchFailure { pallet: None, name: name.to_owned() };
            assert_eq!(failure.remedy(), remedy, "{name}");
        }
    }

    #[test]
    fn refusals_of_the_pool_have_their_remedies() {
        for (refusal, remedy) in [
            (PoolError::Custom(6), Remedy::Wait),
            (PoolError::Custom(15), Remedy::ReadAgain),
            (PoolError::Custom(1), Remedy::AlertOperator),
            (PoolError::Payment, Remedy::AlertOperator),
            (PoolError::Stale, Remedy::ReadAgain),
            (PoolError::TemporarilyBanned, Remedy::ReadAgain),
            (PoolError::BadProof, Remedy::ReadAgain),
            (PoolError::Other { code: 1, message: String::new() }, Remedy::AlertOperator),
        ] {
            assert_eq!(refusal.remedy(), remedy, "{refusal:?}");
        }
    }

    #[test]
    fn the_unknown_goes_to_the_operator() {
        let failure = DispatchFailure { pallet: None, name: "AddedNextYear".to_owned() };
        assert_eq!(failure.remedy(), Remedy::AlertOperator);
        assert_eq!(PoolError::Custom(200).remedy(), Remedy::AlertOperator);
    }
}
