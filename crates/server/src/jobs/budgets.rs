//! The leases of processes that died, and the figures of the budgets.

use contactiq_domain::Scope;
use contactiq_store::{
    StoreError,
    budgets::{self, Standing},
};

use super::JobError;
use crate::app::App;

/// Ends what is over and sets the figures, the same on every replica.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    let states = app.house.chain.iter().flat_map(|chain| chain.states());
    let asks = app.hands.asks_models();
    for state in states {
        let alone = match asks {
            true if state.is_asked() => 0.0,
            true => 1.0,
            // A zero of one that asks nobody would keep the alarm of all who ask from ringing.
            false => f64::NAN,
        };
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
