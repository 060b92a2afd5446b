//! Addresses of old: with the letter `t` of test networks. Each has one form here, so that what is
//! looked for is found, and no nonce is given away twice.

use venus_core::sql::{SqlPool, Transaction, sqlx, transaction};

use crate::error::Result;

/// Rewrites what is left of them. Cut off in the middle, it is finished the next time.
pub(super) async fn to_one_form(pool: &SqlPool) -> Result<()> {
    // In parts, each of which is done in time.
    let messages = "UPDATE messages SET from_addr = CONCAT('f', SUBSTRING(from_addr, 2)) \
        WHERE from_addr LIKE 't%' LIMIT 1000";
    let mut count = 0;
    loop {
        match pool.execute(sqlx::query(messages)).await? {
            0 => break,
            some => count += some,
        }
    }
    let senders = transaction!(pool, |tx| senders(tx).await)?;
    if count > 0 || senders > 0 {
        tracing::info!(messages = count, senders, "addresses with `t` are written with `f` now");
    }
    Ok(())
}

async fn senders(tx: &mut Transaction) -> Result<usize> {
    let find = "SELECT id, addr, nonce FROM addresses WHERE addr LIKE 't%' FOR UPDATE";
    let old: Vec<(String, String, u64)> = tx.fetch_all(sqlx::query_as(find)).await?;
    for (id, addr, nonce) in &old {
        let addr = format!("f{}", addr.get(1..).unwrap_or_default());
        // Where there are both, the later one stays, with the higher nonce.
        let merge = "UPDATE addresses SET nonce = GREATEST(nonce, ?) WHERE addr = ?";
        let both = tx.execute(sqlx::query(merge).bind(nonce).bind(&addr)).await? > 0;
        let statement = match both {
            true => sqlx::query("DELETE FROM addresses WHERE id = ?").bind(id),
            false => {
                let rename = "UPDATE addresses SET addr = ? WHERE id = ?";
                sqlx::query(rename).bind(&addr).bind(id)
            }
        };
        tx.execute(statement).await?;
    }
    Ok(old.len())
}
