//! What checks cost, for people.

use super::cost::Cost;
use std::fmt::Write;
use tensorflix_domain::verification::Check;

/// Lines of a terminal's width.
pub(super) fn text(cost: &Cost) -> String {
    let mut text = format!("{} videos and reels would be asked about.\n", cost.videos);
    // Writing to a text does not fail.
    for one in &cost.providers {
        let checks: Vec<&str> = one.checks.iter().map(|check| check.word()).collect();
        let _ = write!(
            text,
            "\n{} ({}), {} USD a request, at most {} requests a day\n  first day  {:>9} requests  {:>10.2} USD\n  later days \
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
                "  One verdict on everything takes {} requests, more than a day's:\n  until all have one, {days} days cost as much as \
                 the first.",
                one.requests_for_all
            );
        }
    }
    let _ = writeln!(
        text,
        "\nTogether at most {:.2} USD on the first day, {:.2} USD a day later on.",
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

/// What it means that a check is on and no detector with a key makes it.
fn nobody(check: Check) -> String {
    let remains = match check {
        Check::Ai | Check::Illicit => "only what the platform says by itself counts",
        Check::Topic => "it is not made at all; a webhook can make it",
    };
    format!("No detector is set up for the check `{check}`:\n  {remains}.")
}
