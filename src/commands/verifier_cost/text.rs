//! The cost estimate as text.

use super::cost::Cost;
use std::fmt::Write;
use tensorflix_domain::verification::Check;

/// Lines of a terminal's width.
pub(super) fn text(cost: &Cost) -> String {
    let mut text = format!("{} videos and reels would be checked.\n", cost.videos);
    // Writing to a String cannot fail.
    for one in &cost.providers {
        let checks: Vec<&str> = one.checks.iter().map(|check| check.word()).collect();
        let _ = write!(
            text,
            "\n{} ({}), {} USD per request, at most {} requests per day\n  first day  {:>9} requests  {:>10.2} USD\n  later days \
             {:>9} requests  {:>10.2} USD\n",
            one.provider,
            checks.join(", "),
            one.usd_per_request,
            one.daily_requests,
            one.first_day_requests,
            one.first_day_usd,
            one.later_day_requests,
            one.later_day_usd
        );
        if one.requests_for_all > one.daily_requests {
            let days = one.requests_for_all.div_ceil(one.first_day_requests.max(1));
            let _ = writeln!(
                text,
                "  One verdict on each takes {} requests, more than the daily limit:\n  the first {days} days cost as much as \
                 day one.",
                one.requests_for_all
            );
        }
    }
    let _ = writeln!(
        text,
        "\nTotal: at most {:.2} USD on the first day, {:.2} USD per day after that.",
        cost.first_day_usd, cost.later_day_usd
    );
    for check in &cost.unchecked {
        let _ = writeln!(text, "{}", nobody(*check));
    }
    if cost.providers.is_empty() && cost.unchecked.is_empty() {
        text.push_str("No check is on: see [verifier] in config.toml.\n");
    }
    text
}

/// What it means that a check is on without a detector.
fn nobody(check: Check) -> String {
    let remains = match check {
        Check::Ai | Check::Illicit => "only the platform's own labels count",
        Check::Topic => "the check is not made; configure a webhook for it",
    };
    format!("No detector is configured for the check `{check}`:\n  {remains}.")
}
