//! What shows that the house itself erased: keyed hashes beside the marks of conversations and beside receipts, which
//! nobody makes without the root key. Whoever writes into the tables by hand is not believed: nothing is overwritten, and
//! nothing is written without its texts, because of what no erasure did.

use super::{
    anonymise,
    erase::{self, Receipt},
};
use crate::{
    Connection, StoreError, Writer,
    value::{places, values},
};

fn of_conversation(c: &Connection, id: &str) -> String {
    c.blind(&format!("erased conversation\0{id}"))
}

/// Whether an erasure marked this conversation.
pub(crate) fn is_of_conversation(c: &Connection, id: &str, erasure: Option<&str>) -> bool {
    erasure.is_some_and(|proof| proof == of_conversation(c, id))
}

/// Says of these conversations that an erasure marked them: in its own transaction.
pub(crate) async fn mark_conversations(w: &mut Writer, ids: &[String]) -> Result<(), StoreError> {
    for some in ids.chunks(anonymise::BATCH) {
        let bound = some.iter().flat_map(|id| values![id, of_conversation(w, id)]).collect();
        let sql = format!(
            "UPDATE conversations SET erasure = marked.column2 FROM (VALUES {}) AS marked
             WHERE conversations.id = marked.column1",
            places(w.is_postgres(), some.len(), 2)
        );
        w.execute_built(sql, bound).await?;
    }
    Ok(())
}

/// What shows that a receipt was made here, or brought by an operator with its signature.
pub(super) fn of_receipt(c: &Connection, receipt: &Receipt) -> String {
    let Receipt { id, person, erased_at, conversations, interactions, exports, held, .. } = receipt;
    let at = erased_at.micros();
    c.blind(&format!(
        "receipt\0{id}\0{person}\0{at}\0{conversations}\0{interactions}\0{exports}\0{held}\0{}",
        receipt.erased_by
    ))
}

/// Whether this proof is of that receipt.
pub(crate) fn is_of_receipt(c: &Connection, receipt: &Receipt, proof: Option<&str>) -> bool {
    proof.is_some_and(|proof| proof == of_receipt(c, receipt))
}

/// Proves all receipts as they stand, once: those of a version that proved none.
pub(crate) async fn prove_receipts(w: &mut Writer) -> Result<(), StoreError> {
    for row in w.rows("SELECT * FROM erasures WHERE proof IS NULL", values![]).await? {
        // One that can't be read is proved by nothing.
        let Ok(receipt) = erase::receipt(&row) else { continue };
        let proof = of_receipt(w, &receipt);
        w.execute("UPDATE erasures SET proof = $2 WHERE id = $1", values![receipt.id, proof]).await?;
    }
    Ok(())
}
