//! What each refusal and failure of an extrinsic asks of us.
//!
//! Errors are known by name, since their numbers move between runtimes. What is not known here goes to the operator:
//! nothing unknown is ever retried by itself.

use crate::sending::pool::PoolError;
use std::fmt;
use tensorflix_domain::extrinsic::{Failure, Remedy};

/// An included call that failed. [`DispatchFailure::remedy`] says what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DispatchFailure {
    /// The pallet that the error belongs to; `None` for errors of no pallet.
    pub(crate) pallet: Option<String>,
    /// The error's name in the metadata.
    pub(crate) name: String,
}

impl fmt::Display for DispatchFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pallet {
            Some(pallet) => write!(formatter, "{pallet}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

impl From<DispatchFailure> for Failure {
    fn from(failure: DispatchFailure) -> Self {
        Self { error: failure.to_string(), remedy: failure.remedy() }
    }
}

impl DispatchFailure {
    /// What this failure asks of us.
    fn remedy(&self) -> Remedy {
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
            // Vectors are padded before they are signed, so one that is too short is a mistake of ours too.
            "WeightVecLengthIsLow"
            | "DuplicateUids"
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

impl From<&PoolError> for Failure {
    fn from(error: &PoolError) -> Self {
        Self { error: error.to_string(), remedy: error.remedy() }
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
        ("WeightVecLengthIsLow", Remedy::OurBug),
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
