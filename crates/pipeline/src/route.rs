//! Step 2: the route, decided by code alone (P5).

use std::time::Instant;

use contactiq_domain::{Category, Routing, Step, Trigger, TriggerHit};

use crate::{
    House,
    certainty::OWN_DATA,
    decision::{self, Before},
    turn::Turn,
};

/// Decides where the question goes, by [`decision::BEFORE`].
pub(crate) fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let understanding = turn.understanding.as_ref();
    let unknown = understanding.is_none_or(|u| u.intent.is_unknown());
    let name = understanding.map(|u| u.intent.as_str().to_owned()).unwrap_or_default();
    let intent = house.taxonomy.intent(turn.mode(), &name);

    if understanding.is_some_and(|u| u.category == Category::Sensitive) && turn.hits.is_empty() {
        let own = turn.leanings.iter().find(|(t, _)| *t == Trigger::AccountSpecific);
        if let Some((trigger, score)) = own.filter(|(_, score)| *score >= OWN_DATA) {
            turn.hits.push(TriggerHit {
                trigger: *trigger,
                rule: format!("account_specific/sensitive-{name}"),
                score: *score,
            });
        }
    }
    // What the bank keeps for a higher role is answered by a person.
    let too_low = intent.is_some_and(|i| !turn.role.reaches(i.role));
    let category = understanding.map_or(Category::HumanOnly, |u| u.category);
    let facts = Before {
        told: !turn.hits.is_empty(),
        refused: turn.door.refusal.is_some(),
        role_too_low: too_low,
        category,
        unknown,
        greeting: intent.is_some_and(|i| i.greets),
    };
    let (routing, rule) = decision::route(&facts);
    turn.routing = routing;
    let detail = match turn.routing {
        Routing::Escalate if turn.hits.is_empty() && too_low => {
            turn.hits.push(TriggerHit {
                trigger: Trigger::HumanOnly,
                rule: format!("human_only/role-for-{name}"),
                score: 1.0,
            });
            format!("intent {name} asks for a higher role")
        }
        Routing::Escalate if turn.hits.is_empty() => {
            // A person takes over in any case; what the message leans to names the better queue.
            let named = intent.map_or(Trigger::HumanOnly, |i| i.trigger);
            let trigger = match turn.leaning() {
                Some((leaning, _)) if named == Trigger::HumanOnly => leaning,
                _ => named,
            };
            turn.hits.push(TriggerHit { trigger, rule: format!("{trigger}/intent-{name}"), score: 1.0 });
            format!("intent {name} is human_only")
        }
        Routing::Escalate => "a trigger was read from the message".to_owned(),
        Routing::Refuse => "a guard refused the message".to_owned(),
        Routing::Guide if unknown => {
            "not understood: guidance, unless the documents answer it plainly".to_owned()
        }
        Routing::Guide => format!("intent {name} is answered with guidance"),
        Routing::Answer => format!("intent {name} is {category}"),
    };
    turn.trace(Step::Route, since, turn.routing.as_str(), format!("{detail} ({rule})"));
}
