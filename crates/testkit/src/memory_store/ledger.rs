//! Units of quota, by bucket and date.

use super::tables::Tables;
use std::collections::BTreeMap;

/// The most units that are counted, as in a database: a larger number is as many.
const MOST_UNITS: u64 = i64::MAX.cast_unsigned();

impl Tables {
    pub fn units_spent(&self, bucket: &str, date: &str) -> u64 {
        self.units_spent.get(&(bucket.to_owned(), date.to_owned())).copied().unwrap_or(0)
    }

    pub fn debit(&mut self, bucket: &str, date: &str, units: u64, budget: u64) -> bool {
        let budget = budget.min(MOST_UNITS);
        let after = self.units_spent(bucket, date).checked_add(units).filter(|after| *after <= budget);
        if let Some(after) = after {
            self.units_spent.insert((bucket.to_owned(), date.to_owned()), after);
        }
        after.is_some()
    }

    pub fn exhaust(&mut self, bucket: &str, date: &str, budget: u64) {
        let spent = self.units_spent.entry((bucket.to_owned(), date.to_owned())).or_default();
        *spent = budget.min(MOST_UNITS).max(*spent);
    }

    pub fn spent(&self, prefix: &str, date: &str) -> BTreeMap<String, u64> {
        let of_date = self.units_spent.iter().filter(|((bucket, on), _)| on == date && bucket.starts_with(prefix));
        of_date.map(|((bucket, _), units)| (bucket.clone(), *units)).collect()
    }

    pub fn credit(&mut self, bucket: &str, date: &str, units: u64) {
        if let Some(spent) = self.units_spent.get_mut(&(bucket.to_owned(), date.to_owned())) {
            *spent = spent.saturating_sub(units);
        }
    }
}
