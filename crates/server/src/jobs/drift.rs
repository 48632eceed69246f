//! The drift alarm: live interactions beside those that the confidence was fitted on.

use contactiq_domain::Mode;
use contactiq_nlu::risk::drift::{Distribution, Drift, compare};
use contactiq_store::reports::{self, Scored};

use super::JobError;
use crate::app::App;

/// The latest interactions of a mode that are compared.
const LATEST: u32 = 500;
/// Fewer say nothing.
const AT_LEAST: u64 = 100;

/// Whether there is anything to compare with; says once where there is not.
pub(super) fn has_a_baseline(app: &App) -> bool {
    let baseline = &app.house.calibration.baseline;
    for mode in Mode::ALL.iter().filter(|mode| !baseline.contains_key(mode)) {
        tracing::info!(
            mode = mode.as_str(),
            "the confidence file has no baseline: drift is not watched; `contactiq intents calibrate` writes one"
        );
    }
    !baseline.is_empty()
}

/// Compares every mode that has a baseline.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    for (mode, baseline) in &app.house.calibration.baseline {
        let mut reader = app.house.store.read().await?;
        let latest = reports::latest_scored(&mut reader, *mode, LATEST).await?;
        drop(reader);
        let live = counted(&latest);
        if live.interactions() >= AT_LEAST {
            tell(*mode, live.interactions(), &compare(baseline, &live));
        }
    }
    Ok(())
}

fn counted(latest: &[Scored]) -> Distribution {
    let mut live = Distribution::default();
    for one in latest {
        live.add(one.intent.as_str(), one.confidence);
    }
    live
}

fn tell(mode: Mode, interactions: u64, drift: &Drift) {
    let mode = mode.as_str();
    metrics::gauge!("contactiq_drift_ks", "mode" => mode).set(drift.test.distance);
    for (what, shift) in [("confidence", drift.confidence), ("intent", drift.intents)] {
        metrics::gauge!("contactiq_drift_psi", "mode" => mode, "what" => what).set(shift.psi);
        metrics::gauge!("contactiq_drift_chance", "mode" => mode, "what" => what).set(shift.chance);
        if shift.alarms() {
            tracing::warn!(
                mode,
                what,
                psi = shift.psi,
                by_chance = shift.chance,
                ks_distance = drift.test.distance,
                ks_p_value = drift.test.p_value,
                interactions,
                "live interactions have drifted from the labelled ones: the threshold's promise no longer speaks of them"
            );
        }
    }
}
