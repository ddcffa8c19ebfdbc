//! What detectors answered about items, and the result of each check. Pure: verdicts in, a finding for each check out.
//!
//! - A [`Verdict`] is an answer. A detector that failed has none: that is *unknown*, which neither passes nor fails.
//! - A check is **broken** as soon as one provider that is used for it (or the platform itself) is certain enough of
//!   the breach. It is **kept** once all of them have answered and none is. In between it is awaited, for
//!   `grace_hours`.
//! - The platform's signal that an item is synthetic settles the AI check: it is the uploader's own declaration. A
//!   missing signal proves nothing.
//! - A verdict is on one [`Subject`]: title, description and length (for the topic the task's description too). Other
//!   texts need another verdict. It is renewed after `verdict_hours`, and remains valid for `grace_hours` more
//!   meanwhile.
//! - Which items are checked follows from a block's hash: it cannot be known in advance, and is the same for every
//!   validator.
//!
//! Certainty is counted in whole thousandths, so that what is stored is exactly what was compared.

mod finding;
mod policy;
mod question;
mod record;
mod sample;
mod signals;
mod words;

pub use finding::{CheckOutcome, finding, to_ask};
pub use policy::{CheckMode, OnUnknown, VerificationPolicy};
pub use question::{Question, questions};
pub use record::{READING_VERSION, Subject, Verdict, VerificationEvidence, VerificationRecord, Wait};
pub use sample::{is_sampled, sample_place};
pub use signals::PlatformSignals;
pub use words::{CERTAIN, Check, Provider};
