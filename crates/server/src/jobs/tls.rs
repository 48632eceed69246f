//! The certificate of this server: taken anew when it changed, and how long it lasts (A6).

use std::sync::Arc;

use super::JobError;
use crate::{
    app::App,
    tls::{Change, Tls},
};

/// Looks, says what changed, and shows how long the certificate lasts.
pub(super) async fn look(app: &App, tls: &Arc<Tls>) -> Result<(), JobError> {
    let (looking, now) = (tls.clone(), app.house.clock.now());
    match tokio::task::spawn_blocking(move || looking.look(now)).await? {
        Change::None => {}
        Change::Taken => {
            metrics::counter!("contactiq_tls_pairs_taken_total").increment(1);
            tracing::info!(ends = %tls.ends(), "another certificate is in force from now on");
        }
        Change::Refused(why) => {
            tracing::error!(critical = true, %why, "a new certificate or key can't be used: the ones of before stay in force");
        }
    }
    measure(tls, now);
    Ok(())
}

fn measure(tls: &Tls, now: contactiq_domain::Timestamp) {
    metrics::gauge!("contactiq_tls_certificate_days_left").set(tls.days_left(now));
    metrics::gauge!("contactiq_tls_pair_refused").set(if tls.is_refused() { 1.0 } else { 0.0 });
}
