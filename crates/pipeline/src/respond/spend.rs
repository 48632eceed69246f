//! A call of a model and its money: the most that it can cost is reserved before it, and what it cost is settled after
//! it, whatever becomes of it (E4). A call that is dropped half way is charged for the tries that nobody knows of.

use std::time::Duration;

use contactiq_domain::{Mode, Spender, interaction::NanoUsd};
use contactiq_llm::{Chain, ModelError, Prompt, Served, Tries};
use contactiq_store::budgets::{Refused, Reservation};

use super::made;
use crate::{
    House, escalate,
    turn::{Paid, Turn},
};

/// Why there is no answer of a model.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// It was not asked.
    #[error("{0}")]
    Budget(#[from] Refused),
    /// It did not answer.
    #[error("the model did not answer ({})", .0.code())]
    Model(ModelError),
    /// Nobody waited for it any more.
    #[error("nobody waited any more, and the model was stopped")]
    Left,
}

/// What asking came to, and what it cost.
pub(super) struct Asked {
    pub(super) served: Result<Served, Unanswered>,
    pub(super) paid: Paid,
    /// As it was asked, where another worker did that.
    pub(super) prompt: Option<Prompt>,
}

impl From<Unanswered> for Asked {
    fn from(why: Unanswered) -> Asked {
        Asked { served: Err(why), paid: Paid::default(), prompt: None }
    }
}

/// Asks the model within this time, where every budget has room for it. What it answered to a worker that fell silent is
/// its answer: that is paid.
pub(super) async fn ask(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    prompt: &Prompt,
    budget: Duration,
) -> Asked {
    if let Some(before) = made::find(house, turn, prompt).await {
        let prompt = Some(before.marked(prompt));
        return Asked { served: Ok(before.served), paid: before.paid, prompt };
    }
    let held = match Held::of(house, chain, turn, prompt).await {
        Ok(held) => held,
        Err(why) => return Unanswered::from(why).into(),
    };
    // Leaving drops the call: the provider is stopped.
    let asked = tokio::select! {
        served = chain.complete_counted(prompt, budget, &held.tries) => served.map_err(Unanswered::Model),
        () = nobody_waits(house, turn) => Err(Unanswered::Left),
    };
    let served = match asked {
        Ok(served) => served,
        Err(why) => return Asked { paid: held.settle(Paid::default()), ..why.into() },
    };
    told(&served.provider);
    let paid = held.settle(Paid::of(house, &served.completion));
    made::keep(house, turn, prompt, &served, paid).await;
    Asked { served: Ok(served), paid, prompt: None }
}

/// Returns when whoever asked went away. Where a person is about to take over that changes nothing: the ticket is
/// written in any case.
async fn nobody_waits(house: &House, turn: &Turn) {
    match &turn.audience {
        Some(audience) if escalate::would_answer(house, turn) => audience.left().await,
        _ => std::future::pending().await,
    }
}

/// Which of the models served.
pub(super) fn told(provider: &str) {
    metrics::counter!("contactiq_model_answers_total", "provider" => provider.to_owned()).increment(1);
}

/// What a call holds while it is under way.
pub(super) struct Held {
    reservation: Option<Reservation>,
    tries: Tries,
    /// The most that a try may cost; none where a model has no price.
    one_try: Option<NanoUsd>,
    mode: Mode,
}

impl Held {
    /// Takes it from every budget that the question counts for.
    pub(super) async fn of(
        house: &House,
        chain: &Chain,
        turn: &Turn,
        prompt: &Prompt,
    ) -> Result<Held, Refused> {
        let mode = turn.mode();
        let spender = Spender::Question { mode, key: turn.conversation.owner_key };
        let bound = chain.bound(prompt, &house.prices);
        let reservation = house.budgets.reserve(spender, bound.map(|bound| bound.all())).await?;
        Ok(Held {
            reservation: Some(reservation),
            tries: Tries::default(),
            one_try: bound.map(|bound| bound.one_try),
            mode,
        })
    }

    /// The tries of which nobody knows what they cost.
    pub(super) const fn tries(&self) -> &Tries {
        &self.tries
    }

    /// Ends it with what the provider said, and with what nobody knows: what budgets are charged, and the record says.
    pub(super) fn settle(mut self, known: Paid) -> Paid {
        self.end(known)
    }

    fn end(&mut self, known: Paid) -> Paid {
        let without_figures = self.tries.unknown();
        let mut paid = known;
        paid.add(Paid {
            tokens: self.tries.tokens(),
            cost: self.one_try.unwrap_or_default().times(without_figures),
            without_figures,
            unpriced: self.one_try.is_none() && without_figures > 0,
        });
        let Some(reservation) = self.reservation.take() else { return paid };
        if paid.unpriced {
            metrics::counter!("contactiq_model_calls_without_price_total").increment(1);
        }
        let cost = paid.cost;
        let mode = self.mode.as_str();
        metrics::counter!("contactiq_model_cost_nano_usd_total", "mode" => mode)
            .increment(u64::try_from(cost.0).unwrap_or(0));
        metrics::histogram!("contactiq_request_cost_usd", "mode" => mode).record(cost.dollars());
        reservation.settle(cost);
        paid
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.end(Paid::default());
    }
}
