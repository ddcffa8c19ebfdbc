//! Adding claims. Each time of a claim keeps the earliest value that was recorded.

use crate::claims::room::without_excess;
use crate::error::StoreError;
use crate::store::{ROWS_PER_STATEMENT, Store};
use sqlx::{QueryBuilder, Sqlite};
use tensorflix_domain::claim::Claim;
use tensorflix_domain::gist_record::ClaimedHolding;

impl Store {
    /// Adds claims (one that exists already keeps the earliest of each of its times) and marks holdings as claimed. Of
    /// a hotkey that has [`MAX_CLAIMS`](tensorflix_domain::claim::MAX_CLAIMS), claims that are older than
    /// [`CLAIM_REST_BLOCKS`](tensorflix_domain::claim::CLAIM_REST_BLOCKS) and not among these are replaced by new ones;
    /// beyond that, only claims that exist already are updated, and its holdings are among those that are [claimed
    /// otherwise](Self::holdings_claimed_otherwise): what was left out is claimed within
    /// [`ROOM_AGAIN_BLOCKS`](tensorflix_domain::claim::ROOM_AGAIN_BLOCKS) of when there is room.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn record_claims(&self, claims: &[Claim], holdings: &[ClaimedHolding]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        let (claims, short_of_room) = without_excess(&mut transaction, claims).await?;
        for chunk in claims.chunks(ROWS_PER_STATEMENT) {
            insert_claims(chunk).build().persistent(false).execute(&mut *transaction).await?;
        }
        for ClaimedHolding { id, rule } in holdings {
            sqlx::query(
                "UPDATE holdings SET claimed = TRUE, claimed_under = $1, short_of_room = NULL WHERE holding_id = $2",
            )
            .bind(&rule.0[..])
            .bind(*id)
            .execute(&mut *transaction)
            .await?;
            for (hotkey, round) in &short_of_room {
                sqlx::query(
                    "UPDATE holdings SET claimed_under = NULL, short_of_room = $1 WHERE holding_id = $2 AND hotkey = $3",
                )
                .bind(i64::from(*round))
                .bind(*id)
                .bind(&hotkey.public_key()[..])
                .execute(&mut *transaction)
                .await?;
            }
        }
        Ok(transaction.commit().await?)
    }
}

fn insert_claims(claims: &[Claim]) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::<Sqlite>::new(
        "INSERT INTO claims (task_id, content_id, hotkey, pinned_at, round,
         committed_at, gist) ",
    );
    statement.push_values(claims, |mut row, claim| {
        row.push_bind(claim.task_id.clone())
            .push_bind(claim.content_id.clone())
            .push_bind(claim.hotkey.public_key().to_vec())
            .push_bind(claim.pinned_at.map(i64::from))
            .push_bind(i64::from(claim.round))
            .push_bind(i64::from(claim.committed_at))
            .push_bind(claim.gist.as_ref().map(ToString::to_string));
    });
    // `Claim::join`, in SQL that every database supports. A claim that gains nothing is not written.
    statement.push(
        " ON CONFLICT (task_id, content_id, hotkey) DO UPDATE SET
             round = CASE WHEN excluded.round < claims.round THEN excluded.round ELSE claims.round END,
             committed_at = CASE WHEN excluded.committed_at < claims.committed_at
                            THEN excluded.committed_at ELSE claims.committed_at END,
             pinned_at = CASE WHEN claims.pinned_at IS NULL OR excluded.pinned_at < claims.pinned_at
                         THEN excluded.pinned_at ELSE claims.pinned_at END,
             gist = CASE WHEN excluded.round < claims.round OR (excluded.round = claims.round
                              AND (claims.gist IS NULL OR excluded.gist < claims.gist))
                         THEN excluded.gist ELSE claims.gist END
         WHERE excluded.round < claims.round OR excluded.committed_at < claims.committed_at
            OR (excluded.pinned_at IS NOT NULL AND (claims.pinned_at IS NULL OR excluded.pinned_at < claims.pinned_at))
            OR (excluded.round = claims.round AND excluded.gist IS NOT NULL
                AND (claims.gist IS NULL OR excluded.gist < claims.gist))",
    );
    statement
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensorflix_domain::gist_owner::GistName;
    use tensorflix_domain::ids::Hotkey;

    #[tokio::test]
    async fn what_a_claim_gains_nothing_by_is_not_written() {
        let store = Store::open("sqlite::memory:").await.expect("a database");
        let known = Claim {
            task_id: "t".to_owned(),
            content_id: "v".to_owned(),
            hotkey: Hotkey::new([1; 32]),
            pinned_at: Some(90),
            round: 100,
            committed_at: 50,
            gist: Some(by("bob", "bb")),
        };
        let with = |change: fn(&mut Claim)| {
            let mut claim = known.clone();
            change(&mut claim);
            claim
        };
        for (claim, rows) in [
            (known.clone(), 1),
            (known.clone(), 0),
            (with(|claim| claim.round = 125), 0),
            (with(|claim| claim.pinned_at = None), 0),
            (with(|claim| claim.pinned_at = Some(95)), 0),
            (with(|claim| claim.committed_at = 60), 0),
            (with(|claim| claim.gist = None), 0),
            (with(|claim| claim.gist = Some(by("bob", "cc"))), 0),
            (with(|claim| claim.gist = Some(by("bob", "aa"))), 1),
            (with(|claim| claim.pinned_at = Some(80)), 1),
            (with(|claim| claim.committed_at = 40), 1),
            (with(|claim| claim.round = 75), 1),
        ] {
            let written = insert_claims(std::slice::from_ref(&claim)).build().execute(&store.writer).await;
            assert_eq!(written.expect("stored").rows_affected(), rows, "{claim:?}");
        }
    }

    fn by(username: &str, gist_id: &str) -> GistName {
        GistName { username: username.to_owned(), gist_id: gist_id.to_owned() }
    }

    #[tokio::test]
    async fn the_store_joins_records_of_a_claim_as_the_domain_does() {
        let claim = |pinned_at, round, committed_at, gist| Claim {
            task_id: "t".to_owned(),
            content_id: "v".to_owned(),
            hotkey: Hotkey::new([1; 32]),
            pinned_at,
            round,
            committed_at,
            gist,
        };
        let records = [
            claim(None, 100, 50, None),
            claim(Some(90), 100, 40, Some(by("a", "bb"))),
            claim(Some(95), 100, 60, Some(by("a-b", "aa"))),
            claim(Some(90), 125, 10, Some(by("A", "00"))),
            claim(None, 75, 70, Some(by("a1", "bb"))),
            claim(None, 75, 70, Some(by("a", "bb"))),
            claim(Some(1), 75, 70, None),
        ];
        for first in &records {
            for second in &records {
                let mut joined = first.clone();
                joined.join(second);
                for order in [[first, second], [second, first]] {
                    let store = Store::open("sqlite::memory:").await.expect("a database");
                    for claim in order {
                        store.record_claims(std::slice::from_ref(claim), &[]).await.expect("stored");
                    }
                    assert_eq!(store.claims().await.expect("read"), [joined.clone()], "{order:?}");
                }
            }
        }
    }
}
