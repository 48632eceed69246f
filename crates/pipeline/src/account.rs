//! What other servers compute for a question beside its answer, and who pays for it (E4): vectors of a remote encoder,
//! a provider's moderation, and searches of a hosted store. The most that a call can cost is held before it and settled after it, as for a model
//! that writes. Where no budget has room the call is not made, and the house goes on as while that server is away.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use contactiq_domain::{Spender, interaction::NanoUsd};
use contactiq_llm::{PriceTable, TokensRead};
use contactiq_nlu::encoder::Payer;
use contactiq_store::budgets::{Budgets, Refused, Reservation};
use tokio::runtime::Handle;

/// The account of one question, or of the bank's own texts. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Account(Arc<Parts>);

struct Parts {
    budgets: Budgets,
    prices: Arc<PriceTable>,
    spender: Spender,
    /// Drives the budgets, for threads that wait.
    runtime: Handle,
    spent: Mutex<Spent>,
}

/// What it came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Vectors.
    pub(crate) vectors: NanoUsd,
    /// Moderation.
    pub(crate) moderation: NanoUsd,
    /// Searches of a hosted store.
    pub(crate) searches: NanoUsd,
    /// Why something was not asked for.
    pub(crate) refused: Option<Refused>,
}

impl Spent {
    /// All of it.
    pub(crate) fn all(&self) -> NanoUsd {
        self.vectors.plus(self.moderation).plus(self.searches)
    }

    /// Each part that cost something, by its name in the trace.
    pub(crate) fn values(&self) -> impl Iterator<Item = (String, f64)> {
        let parts = [
            ("vectors_usd", self.vectors),
            ("moderation_usd", self.moderation),
            ("searches_usd", self.searches),
        ];
        let some = parts.into_iter().filter(|(_, cost)| cost.0 > 0);
        some.map(|(name, cost)| (name.to_owned(), cost.dollars()))
    }
}

/// Who pays for vectors of the bank's own texts. It must be made on the runtime that drives the budgets.
#[must_use]
pub fn payer_of_published(budgets: &Budgets, prices: &Arc<PriceTable>) -> Arc<dyn Payer> {
    Arc::new(Account::of(budgets, prices, Spender::Encoder))
}

impl Account {
    /// An account on which nothing stands yet. It must be made on the runtime that drives the budgets.
    pub(crate) fn of(budgets: &Budgets, prices: &Arc<PriceTable>, spender: Spender) -> Account {
        Account(Arc::new(Parts {
            budgets: budgets.clone(),
            prices: Arc::clone(prices),
            spender,
            runtime: Handle::current(),
            spent: Mutex::default(),
        }))
    }

    /// What it came to so far.
    pub(crate) fn spent(&self) -> Spent {
        *self.0.lock()
    }

    /// Holds what judging so many tokens may cost; none where that is free.
    pub(crate) async fn moderation<'a>(
        &self,
        model: &'a str,
        most: u64,
        read: &'a TokensRead,
    ) -> Result<Option<Judging<'a>>, Refused> {
        let Some(bound) = self.0.prices.moderation(model, most).filter(|bound| bound.0 > 0) else {
            return Ok(None);
        };
        let held = self.0.budgets.reserve(self.0.spender, Some(bound)).await;
        let held = held.inspect_err(|why| self.0.refused(*why))?;
        Ok(Some(Judging { account: self.clone(), model, read, held: Some(held) }))
    }

    /// Holds what one search costs, under the name that prices have for it; none where that is free.
    pub(crate) async fn search(&self, name: &str) -> Result<Option<Searching>, Refused> {
        let price = self.0.prices.search(name);
        if price.is_none() {
            // `config check` names it.
            metrics::counter!("contactiq_model_calls_without_price_total").increment(1);
        }
        let Some(cost) = price.filter(|cost| cost.0 > 0) else { return Ok(None) };
        let held = self.0.budgets.reserve(self.0.spender, Some(cost)).await;
        let held = held.inspect_err(|why| self.0.refused(*why))?;
        Ok(Some(Searching { account: self.clone(), cost, held: Some(held) }))
    }
}

impl Parts {
    fn refused(&self, why: Refused) {
        self.lock().refused.get_or_insert(why);
    }

    /// The reservation of a thread that may wait; what is granted to nobody is given back.
    fn held(&self, bound: NanoUsd) -> Result<Reservation, Refused> {
        let (tell, hear) = mpsc::sync_channel(1);
        let (budgets, spender) = (self.budgets.clone(), self.spender);
        self.runtime.spawn(async move { drop(tell.send(budgets.reserve(spender, Some(bound)).await)) });
        hear.recv().unwrap_or(Err(Refused::Away))
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Payer for Account {
    fn pay(&self, model: &str, most: u64, call: &mut dyn FnMut() -> u64) -> Result<(), String> {
        let parts = &*self.0;
        let price = |tokens| parts.prices.embedding(model, tokens);
        let Some(bound) = price(most).filter(|bound| bound.0 > 0) else {
            // `config check` names an encoder without a price. Understanding does without vectors for no missing line.
            if price(most).is_none() {
                metrics::counter!("contactiq_model_calls_without_price_total").increment(1);
            }
            call();
            return Ok(());
        };
        let held = parts.held(bound).inspect_err(|why| parts.refused(*why)).map_err(|why| why.to_string())?;
        let cost = price(call()).unwrap_or_default();
        metrics::counter!("contactiq_embeddings_cost_nano_usd_total").increment(cost.0.unsigned_abs());
        let mut spent = parts.lock();
        spent.vectors = spent.vectors.plus(cost);
        drop(spent);
        held.settle(cost);
        Ok(())
    }
}

/// A judgement that is under way; dropped half way too it is charged what it may cost.
pub(crate) struct Judging<'a> {
    account: Account,
    model: &'a str,
    read: &'a TokensRead,
    held: Option<Reservation>,
}

impl Drop for Judging<'_> {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        let parts = &*self.account.0;
        let cost = parts.prices.moderation(self.model, self.read.all()).unwrap_or_default();
        metrics::counter!("contactiq_moderation_cost_nano_usd_total").increment(cost.0.unsigned_abs());
        let mut spent = parts.lock();
        spent.moderation = spent.moderation.plus(cost);
        drop(spent);
        held.settle(cost);
    }
}

/// A search that is under way; dropped half way too it is charged.
pub(crate) struct Searching {
    account: Account,
    cost: NanoUsd,
    held: Option<Reservation>,
}

impl Searching {
    /// The server did nothing for it: it costs nothing.
    pub(crate) fn was_refused(&mut self) {
        self.cost = NanoUsd::default();
    }
}

impl Drop for Searching {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        metrics::counter!("contactiq_searches_cost_nano_usd_total").increment(self.cost.0.unsigned_abs());
        let mut spent = self.account.0.lock();
        spent.searches = spent.searches.plus(self.cost);
        drop(spent);
        held.settle(self.cost);
    }
}
