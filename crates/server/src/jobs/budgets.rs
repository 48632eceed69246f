//! What the encoder cost, the leases of processes that died, and the figures of the budgets.

use std::sync::atomic::{AtomicU64, Ordering};

use contactiq_domain::{Scope, Spender};
use contactiq_nlu::encoder::Encoder;
use contactiq_store::{
    StoreError,
    budgets::{self, Standing},
};

use super::JobError;
use crate::app::App;

/// Counts the vectors that another server made since the last look: a question does not wait for their price, and they
/// are never refused. `counted` is how many tokens were counted before.
pub(super) fn charge_encoder(app: &App, counted: &AtomicU64) {
    let Some(encoder) = &app.house.encoder else { return };
    let read = encoder.tokens_read();
    let new = read.saturating_sub(counted.swap(read, Ordering::Relaxed));
    if let Some(cost) = app.house.prices.embedding(encoder.name(), new).filter(|cost| cost.0 > 0) {
        metrics::counter!("contactiq_embeddings_cost_nano_usd_total").increment(cost.0.unsigned_abs());
        app.house.budgets.charge(Spender::Encoder, cost);
    }
}

/// Ends what is over and sets the figures, the same on every replica.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    let states = app.house.chain.iter().flat_map(|chain| chain.states());
    for state in states {
        let alone = if state.is_asked() { 0.0 } else { 1.0 };
        metrics::gauge!("contactiq_model_left_alone", "provider" => state.name).set(alone);
    }
    match set_figures(app).await {
        // Others tell that the database is away.
        Err(StoreError::Unavailable { .. }) => Ok(()),
        done => Ok(done?),
    }
}

async fn set_figures(app: &App) -> Result<(), StoreError> {
    app.house.budgets.tidy().await?;
    let mut reader = app.house.store.read().await?;
    let outstanding = budgets::outstanding(&mut reader).await?;
    metrics::gauge!("contactiq_budget_reservations").set(outstanding.reservations as f64);
    metrics::gauge!("contactiq_budget_reserved_usd").set(outstanding.amount.dollars());
    let settings = app.house.budgets.settings();
    for standing in budgets::standing(&mut reader, settings, app.house.clock.now()).await? {
        show(&standing);
    }
    Ok(())
}

fn show(standing: &Standing) {
    // Of a key its id: a name may be given to another one.
    let labels = [("scope", standing.scope.to_string()), ("period", standing.period.to_string())];
    metrics::gauge!("contactiq_budget_spent_usd", &labels).set(standing.spent.dollars());
    if let Some(used) = standing.used() {
        metrics::gauge!("contactiq_budget_used_ratio", &labels).set(used);
    } else if matches!(standing.scope, Scope::Key(_)) {
        // One that was taken away must not stand there for ever.
        metrics::gauge!("contactiq_budget_used_ratio", &labels).set(0.0);
    }
}
