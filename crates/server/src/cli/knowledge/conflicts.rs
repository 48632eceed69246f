//! `contactiq knowledge conflicts` and `rule`: where documents contradict each other, and the owner's word.

use std::process::ExitCode;

use contactiq_domain::{Clock, Collection};
use contactiq_pipeline::conflict::{Conflict, Place, Survey};
use contactiq_store::{
    Store, retry,
    rulings::{self, Ruling, Side, Verdict},
};
use serde_json::{Value, json};
use time::Date;

use super::super::{Outcome, audit, output, signature};
use crate::{config::Config, wiring::SystemClock};

/// Arguments of `knowledge conflicts`.
#[derive(clap::Args)]
pub(in super::super) struct List {
    /// Only this collection.
    #[arg(long)]
    collection: Option<Collection>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Arguments of `knowledge rule`.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("word").required(true)))]
pub(in super::super) struct Rule {
    /// The conflict's id, as `knowledge conflicts` shows it.
    conflict: String,
    /// The document that is right; the other sentence is no longer used.
    #[arg(long, value_name = "DOCUMENT", group = "word")]
    prefer: Option<String>,
    /// Both may stand: they speak of different things.
    #[arg(long, group = "word")]
    not_a_conflict: bool,
    /// Take the ruling back: questions on it go to a person again.
    #[arg(long, group = "word")]
    withdraw: bool,
    /// Why; masked before it is kept.
    #[arg(long, conflicts_with = "withdraw")]
    note: Option<String>,
    /// Who rules.
    #[arg(long, default_value = "command-line")]
    by: String,
}

pub(super) async fn list(store: &Store, wanted: List, today: Date) -> Outcome {
    let survey = Survey::of(store).await?;
    let shown: Vec<&Conflict> = survey
        .conflicts
        .iter()
        .filter(|c| !c.is_open() || c.concerns(&survey.documents, today))
        .filter(|c| wanted.collection.is_none_or(|own| own == c.stands_in(&survey.documents)))
        .collect();
    let orphans =
        || survey.orphans.iter().filter(|r| wanted.collection.is_none_or(|own| own == r.collection));
    if wanted.json {
        shown.iter().for_each(|c| output::json(&as_json(&survey, c)));
        orphans().for_each(|ruling| output::json(&orphan_as_json(ruling)));
        return Ok(ExitCode::SUCCESS);
    }
    let ruled = |c: &Conflict| match c.ruling.as_ref().map(|ruling| &ruling.verdict) {
        None => "open".to_owned(),
        Some(Verdict::Prefer(slug)) => format!("prefer {slug}"),
        Some(Verdict::NotAConflict) => "not a conflict".to_owned(),
    };
    let says = |place: &Place| format!("{}: {}", survey.name(place), place.sentence);
    let rows = shown.iter().map(|c| vec![c.id.clone(), says(&c.one), says(&c.other), ruled(c)]).collect();
    output::table(&["conflict", "one document says", "another says", "ruling"], rows);
    for ruling in orphans() {
        output::line(format!(
            "{}: {} was preferred and is removed; the other sentence stays out of use until you add it again or take \
             the ruling back: `contactiq knowledge rule {} --withdraw`",
            ruling.conflict,
            ruling.verdict.preferred().unwrap_or_default(),
            ruling.conflict
        ));
    }
    let open = shown.iter().filter(|c| c.is_open()).count();
    output::line(format!(
        "{open} open conflicts; questions on them go to a person until the documents agree or an owner rules: \
         `contactiq knowledge rule CONFLICT --prefer DOCUMENT`"
    ));
    Ok(ExitCode::SUCCESS)
}

fn as_json(survey: &Survey, conflict: &Conflict) -> Value {
    let side = |place: &Place| {
        json!({
            "document": survey.name(place), "title": survey.documents[place.document].title,
            "passage": place.position, "sentence": place.sentence, "figures": place.figures,
        })
    };
    let ruling = conflict.ruling.as_ref().map(ruling_as_json);
    json!({
        "id": conflict.id, "collection": conflict.stands_in(&survey.documents),
        "one": side(&conflict.one), "other": side(&conflict.other), "ruling": ruling,
    })
}

fn ruling_as_json(ruling: &Ruling) -> Value {
    json!({
        "verdict": ruling.verdict.as_str(), "preferred": ruling.verdict.preferred(),
        "note": ruling.note, "by": ruling.by, "at": ruling.at,
    })
}

/// A ruling whose preferred document was removed. Of that side there is nothing but what was ruled on.
fn orphan_as_json(ruling: &Ruling) -> Value {
    let side = |side: &Side| {
        let there = ruling.verdict.preferred() != Some(&*side.document);
        json!({
            "document": side.full_name(ruling.collection), "sentence": side.sentence,
            "removed": !there,
        })
    };
    json!({
        "id": ruling.conflict, "collection": ruling.collection, "one": side(&ruling.one),
        "other": side(&ruling.other), "ruling": ruling_as_json(ruling),
    })
}

pub(super) async fn rule(config: &Config, store: &Store, wanted: Rule) -> Outcome {
    if wanted.withdraw {
        return withdraw(store, &wanted.conflict).await;
    }
    let by = signature::name(&wanted.by)?;
    let note = signature::masked_note(config, wanted.note.as_deref())?;
    let survey = Survey::of(store).await?;
    let conflict = survey
        .conflicts
        .iter()
        .find(|c| c.id == wanted.conflict)
        .ok_or_else(|| missing(&survey, &wanted.conflict))?;
    let verdict = match &wanted.prefer {
        Some(document) => Verdict::Prefer(preferred(&survey, conflict, document)?),
        None => Verdict::NotAConflict,
    };
    let side = |place: &Place| Side {
        document: conflict.name_of(&survey.documents, place),
        sentence: place.sentence.clone(),
    };
    let told = match &verdict {
        Verdict::Prefer(slug) => format!("answers stand on {slug}, and the other sentence is not used"),
        Verdict::NotAConflict => "both sentences may be used".to_owned(),
    };
    let ruling = Ruling {
        conflict: conflict.id.clone(),
        collection: conflict.stands_in(&survey.documents),
        one: side(&conflict.one),
        other: side(&conflict.other),
        verdict,
        note,
        by: by.to_owned(),
        at: SystemClock.now(),
    };
    retry(async || {
        let mut w = store.write().await?;
        audit::sign(&mut w, "knowledge rule");
        rulings::put(&mut w, &ruling).await?;
        audit::note(&mut w, &format!("knowledge rule {}", ruling.verdict.as_str()), &ruling.conflict).await?;
        w.save().await
    })
    .await?;
    output::line(format!("{}: {told}, until either sentence changes", ruling.conflict));
    Ok(ExitCode::SUCCESS)
}

fn missing(survey: &Survey, conflict: &str) -> &'static str {
    if survey.orphans.iter().any(|ruling| ruling.conflict == conflict) {
        "the preferred document of this conflict was removed: --withdraw takes the ruling back, and the other sentence \
         answers again"
    } else {
        "there is no such conflict: `contactiq knowledge conflicts` shows the ids"
    }
}

/// The side that was named, with its collection or without.
fn preferred(survey: &Survey, conflict: &Conflict, document: &str) -> Result<String, String> {
    let sides = [&conflict.one, &conflict.other];
    if conflict.one.document == conflict.other.document {
        return Err(format!(
            "--prefer: both sentences stand in {}: correct the document, or --not-a-conflict",
            survey.name(&conflict.one)
        ));
    }
    let by_name = || sides.into_iter().find(|place| survey.name(place) == document);
    let by_slug = || {
        let mut named = sides.into_iter().filter(|place| survey.documents[place.document].slug == document);
        // Two collections may each have a document of this name.
        named.next().filter(|_| named.next().is_none())
    };
    by_name().or_else(by_slug).map(|place| conflict.name_of(&survey.documents, place)).ok_or_else(|| {
        format!(
            "--prefer: name one of the two documents, {} or {}",
            survey.name(&conflict.one),
            survey.name(&conflict.other)
        )
    })
}

async fn withdraw(store: &Store, conflict: &str) -> Outcome {
    let mut w = store.write().await?;
    audit::sign(&mut w, "knowledge rule");
    if !rulings::withdraw(&mut w, conflict).await? {
        return Err("there is no ruling on this conflict: `contactiq knowledge conflicts` shows them".into());
    }
    audit::note(&mut w, "knowledge rule withdraw", conflict).await?;
    w.save().await?;
    output::line(format!("{conflict}: the ruling is taken back"));
    Ok(ExitCode::SUCCESS)
}
