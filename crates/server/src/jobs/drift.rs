//! The drift alarm: live interactions beside those that the confidence was fitted on.

use contactiq_domain::Mode;
use contactiq_nlu::risk::drift::{Distribution, Drift, compare};
use contactiq_pipeline::Calibration;
use contactiq_store::reports::{self, Scored};

use super::JobError;
use crate::app::App;

/// The latest interactions of a mode that are compared.
const LATEST: u32 = 500;
/// Fewer say nothing.
const AT_LEAST: u64 = 100;

/// Whether there is anything to compare with; says at a start of which mode there is nothing.
pub(super) fn has_a_baseline(app: &App) -> bool {
    let (calibration, files) = (app.house.usual_calibration(), &app.config.files);
    let (field, own) = match app.house.encoder {
        Some(_) => ("files.confidence", &files.confidence),
        None => ("files.confidence_words", &files.confidence_words),
    };
    let (watched, unwatched): (Vec<Mode>, Vec<Mode>) =
        Mode::ALL.iter().partition(|mode| baseline(calibration, **mode).is_some());
    for mode in unwatched {
        let mode = mode.as_str();
        // Whoever fitted or watches one mode means to watch.
        if watched.is_empty() && own.is_empty() && files.confidence.is_empty() {
            tracing::info!(mode, field, "{UNWATCHED}");
        } else {
            tracing::warn!(mode, field, "{UNWATCHED}");
        }
    }
    !watched.is_empty()
}

const UNWATCHED: &str = "drift of this mode is not watched: the confidence file has no baseline of it; `contactiq \
    intents calibrate` writes one, also beside thresholds (`--alpha … --baseline FILE`)";

/// What the answers of one mode are compared with: one that counted nobody is none.
fn baseline(calibration: &Calibration, mode: Mode) -> Option<&Distribution> {
    calibration.baseline.get(&mode).filter(|labelled| labelled.interactions() > 0)
}

/// Compares every mode that has a baseline.
pub(super) async fn look(app: &App) -> Result<(), JobError> {
    for mode in Mode::ALL {
        let Some(baseline) = baseline(app.house.usual_calibration(), *mode) else { continue };
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
