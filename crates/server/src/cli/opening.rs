//! What commands that judge text open first. Without the encoder they judge by words alone, and
//! whoever reads what they print must know.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use contactiq_nlu::encoder::{CachedEncoder, Encoder};
use contactiq_pipeline::House;

use super::output;
use crate::{
    app::{self, NoEncoder, StartError},
    config::Config,
};

/// The house of this configuration.
pub(super) async fn house(config: &Config) -> Result<House, StartError> {
    let (house, standing) = app::build_house(config, output::progress()).await?;
    if let Err(why) = &standing.encoder {
        say(why);
    }
    if let Some(encoder) = &house.encoder {
        say_damage(encoder);
    }
    if standing.trained.unkept > 0 {
        output::note(format!(
            "contactiq: {} models can't be kept in {}: each start trains them again. Make room or let it be written",
            standing.trained.unkept,
            config.server.data_dir.join("models").display()
        ));
    }
    Ok(house)
}

/// The encoder of this configuration, for a command that needs no house.
pub(super) fn encoder(config: &Config) -> Option<Arc<CachedEncoder>> {
    app::open_encoder(config).inspect_err(say).inspect(|encoder| say_damage(encoder)).ok()
}

/// The vector of a line of input, none without an encoder. One that fails on the way is told once; such
/// lines are judged by words alone.
pub(super) fn vector(encoder: Option<&Arc<CachedEncoder>>, text: &str) -> Option<Vec<f32>> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    match encoder?.encode(&[text]) {
        Ok(mut vectors) => vectors.pop(),
        Err(error) => {
            if !TOLD.swap(true, Ordering::Relaxed) {
                output::note(format!("contactiq: {error}: some lines are judged by words alone"));
            }
            None
        }
    }
}

/// Who waits longer than usual should know why.
fn say_damage(encoder: &CachedEncoder) {
    if let Some(warning) = app::damage(encoder) {
        output::note(format!("contactiq: {warning}"));
    }
}

/// One line; none where somebody switched it off.
fn say(why: &NoEncoder) {
    if *why != NoEncoder::Off {
        output::note(format!("contactiq: {why}"));
    }
}
