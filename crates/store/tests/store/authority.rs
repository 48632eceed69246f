//! Somebody who can write to the database and has no key gains nothing: what is forged opens nothing, is told once, and is
//! in nobody else's way.

use contactiq_domain::{
    Budget, Mode, Role, TicketState,
    ids::{ConversationId, KeyId, SessionId},
};
use contactiq_guard::Masked;
use contactiq_store::{
    DamagedKind, StoreError,
    conversations::{self, Conversation, Owner},
    feedback, interactions,
    keys::{self, ApiKey, Secret},
    page_sessions::{self, PageSession, Which},
    privacy::{
        erase::{self, Erased},
        holds,
        purge::{self, Before, Purged},
    },
    tickets::{self, Filter},
};

use crate::{
    data_keys::{get, of, said},
    engines::Bench,
    keys::key,
    page_sessions::session,
    samples::{NOW, masked, record, started, ticket},
};

/// What was found damaged since the last look.
fn news(bench: &Bench) -> Vec<(DamagedKind, Option<String>)> {
    bench.store.take_damaged().into_iter().map(|damaged| (damaged.kind, damaged.id)).collect()
}

async fn made(bench: &Bench, key: &ApiKey) {
    let mut w = bench.write().await;
    keys::create(&mut w, key).await.unwrap();
    w.save().await.unwrap();
}

/// A damaged key is none for anybody, and is told.
async fn opens_nothing(bench: &Bench, id: KeyId, hash: &str, what: &str) {
    let mut r = bench.read().await;
    for _ in 0..2 {
        assert_eq!(keys::find_by_id(&mut r, id).await.unwrap(), None, "{what}");
        assert_eq!(keys::find_by_hash(&mut r, hash).await.unwrap(), None, "{what}");
        assert!(keys::list(&mut r).await.unwrap().iter().all(|key| key.id != id), "{what}");
        assert!(keys::damaged(&mut r).await.unwrap().iter().any(|key| key.id == id), "{what}");
    }
    assert_eq!(
        news(bench),
        [(DamagedKind::Key, Some(id.to_string()))],
        "{what}: once, however often it is read"
    );
}

on_both_engines! {
    async fn a_key_that_was_changed_past_the_store_opens_nothing_until_it_is_revoked(bench) {
        let good = key(&bench.ids, "good");
        made(bench, &good).await;
        let other_hash = "e".repeat(64);
        for (at, change) in [
            "role = 'supervisor'",
            "scopes = NULL",
            "scopes = scopes || ',unmask'",
            "mode = NULL",
            "expires_at = NULL",
            "expires_at = expires_at + 1",
            "created_at = created_at - 1",
            "rate_per_minute = 100000",
            "budget_per_day = NULL",
            "budget_per_month = 7",
            "prefix = 'ciq_other'",
            "name = 'another name'",
            "before_prefix = 'ciq', before_ends_at = 99999999999999999",
            "generation = generation + 1",
            "mac = NULL",
            "mac = (SELECT o.mac FROM api_keys o WHERE o.name = 'good')",
        ]
        .into_iter()
        .enumerate()
        {
            let forged = key(&bench.ids, &format!("forged {at}"));
            made(bench, &forged).await;
            bench.place.raw_of(format!("UPDATE api_keys SET {change} WHERE id = '{}'", forged.id)).await;
            opens_nothing(bench, forged.id, &forged.hash, change).await;
            // Nobody makes a good one of it by a slip.
            let mut w = bench.write().await;
            let id = forged.id.to_string();
            let secret = Secret { prefix: "ciq_new", hash: &other_hash };
            let damaged = StoreError::Corrupt { what: "API key" };
            assert_eq!(keys::set_budget(&mut w, &id, Budget::default()).await, Err(damaged.clone()), "{change}");
            assert_eq!(keys::rotate(&mut w, &id, secret, None, NOW).await, Err(damaged), "{change}");
            keys::touch(&mut w, forged.id, NOW).await.unwrap();
            // Whoever administers keys takes it out of the way.
            assert_eq!(keys::revoke(&mut w, &id, NOW).await.unwrap().revoked_at, Some(NOW), "{change}");
            w.save().await.unwrap();
            let mut r = bench.read().await;
            assert_eq!(keys::damaged(&mut r).await.unwrap(), [], "{change}");
            let revoked = keys::find_by_id(&mut r, forged.id).await.unwrap().unwrap();
            assert!(!revoked.is_active(NOW), "{change}");
        }
        assert_eq!(keys::find_by_hash(&mut *bench.read().await, &good.hash).await.unwrap(), Some(good));
        assert_eq!(news(bench), []);
    }

    async fn a_key_that_was_revoked_or_rotated_does_not_come_back_by_a_statement(bench) {
        let (revoked, rotated) = (key(&bench.ids, "revoked"), key(&bench.ids, "rotated"));
        made(bench, &revoked).await;
        made(bench, &rotated).await;
        let mut w = bench.write().await;
        keys::revoke(&mut w, "revoked", NOW).await.unwrap();
        keys::rotate(&mut w, "rotated", Secret { prefix: "ciq_new", hash: &"f".repeat(64) }, None, NOW).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw_of(format!("UPDATE api_keys SET revoked_at = NULL WHERE id = '{}'", revoked.id)).await;
        opens_nothing(bench, revoked.id, &revoked.hash, "revoked").await;
        let back = format!("UPDATE api_keys SET hash = '{}' WHERE id = '{}'", rotated.hash, rotated.id);
        bench.place.raw_of(back).await;
        let mut r = bench.read().await;
        assert_eq!(keys::find_by_hash(&mut r, &rotated.hash).await.unwrap(), None);
        assert_eq!(news(bench), [(DamagedKind::Key, Some(rotated.id.to_string()))]);
    }

    async fn what_a_trigger_of_somebodys_adds_to_a_change_is_never_signed(bench) {
        let low = key(&bench.ids, "low");
        made(bench, &low).await;
        let trigger = match bench.place.location() {
            contactiq_store::Location::Sqlite(_) => "CREATE TRIGGER theirs BEFORE UPDATE OF generation ON api_keys
                 BEGIN UPDATE api_keys SET role = 'admin' WHERE id = OLD.id; END",
            contactiq_store::Location::Postgres(_) => "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.role = 'admin'; RETURN NEW; END $$;
                 CREATE TRIGGER theirs BEFORE UPDATE OF generation ON api_keys
                 FOR EACH ROW EXECUTE FUNCTION theirs()",
        };
        bench.place.raw(trigger).await.unwrap();
        let another = "e".repeat(64);
        let mut w = bench.write().await;
        let rotated = keys::rotate(&mut w, "low", Secret { prefix: "ciq_new", hash: &another }, None, NOW).await;
        assert!(matches!(rotated, Err(StoreError::Corrupt { .. })), "{rotated:?}");
        drop(w);
        // Nothing of it is saved: the key is what it was.
        let mut r = bench.read().await;
        assert_eq!(keys::find_by_hash(&mut r, &low.hash).await.unwrap(), Some(low));
        assert_eq!(keys::find_by_hash(&mut r, &another).await.unwrap(), None);
    }

    async fn a_key_that_was_inserted_past_the_store_opens_nothing_and_hides_nobody(bench) {
        let good = key(&bench.ids, "good");
        made(bench, &good).await;
        let (hash, id) = ("d".repeat(64), "01980000-0000-7000-8000-00000000000a");
        // With what an honest one has, and with values that none has.
        bench.place.raw_of(format!(
            "INSERT INTO api_keys (id, name, prefix, hash, role, created_at, mac)
             SELECT '{id}', 'mine', prefix, '{hash}', 'admin', created_at, mac FROM api_keys"
        )).await;
        let id: KeyId = id.parse().unwrap();
        opens_nothing(bench, id, &hash, "inserted").await;
        // Nor does one that names the secret of an honest one.
        let same = format!("UPDATE api_keys SET before_hash = '{}' WHERE id = '{id}'", good.hash);
        bench.place.raw_of(same).await;
        let mut r = bench.read().await;
        assert_eq!(keys::find_by_hash(&mut r, &good.hash).await.unwrap(), Some(good.clone()));
        assert_eq!(keys::list(&mut r).await.unwrap(), std::slice::from_ref(&good));
        drop(r);
        // Not when it is revoked either, by which it becomes a row of ours.
        let mut w = bench.write().await;
        keys::revoke(&mut w, &id.to_string(), NOW).await.unwrap();
        w.save().await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(keys::find_by_hash(&mut r, &good.hash).await.unwrap(), Some(good));
        assert_eq!(keys::find_by_hash(&mut r, &hash).await.unwrap(), None);
    }

    async fn a_session_that_was_changed_past_the_store_opens_nothing_and_goes(bench) {
        let good = session(&bench.ids, "person:good");
        let mut w = bench.write().await;
        page_sessions::begin(&mut w, &good).await.unwrap();
        w.save().await.unwrap();
        for (at, change) in [
            "role = 'admin'",
            "mode = NULL",
            "named = 'person:good'",
            "subject = (SELECT o.subject FROM page_sessions o WHERE o.id <> page_sessions.id LIMIT 1)",
            "ends_at = ends_at + 1",
            "created_at = created_at + 1",
            "provider_session = NULL",
            "mac = NULL",
        ]
        .into_iter()
        .enumerate()
        {
            let forged = session(&bench.ids, &format!("person:{at}"));
            let mut w = bench.write().await;
            page_sessions::begin(&mut w, &forged).await.unwrap();
            w.save().await.unwrap();
            bench.place.raw_of(format!("UPDATE page_sessions SET {change} WHERE id = '{}'", forged.id)).await;
            let mut w = bench.write().await;
            page_sessions::touch(&mut w, forged.id, NOW.plus_seconds(60)).await.unwrap();
            for _ in 0..2 {
                assert_eq!(page_sessions::find(&mut w, &forged.token_hash).await.unwrap(), None, "{change}");
                let open = page_sessions::open(&mut w, NOW, 1800, 10).await.unwrap();
                assert_eq!(open, std::slice::from_ref(&good), "{change}");
                assert_eq!(page_sessions::damaged(&mut w).await.unwrap(), [forged.id.to_string()], "{change}");
            }
            let roles = [Role::Banker, Role::Admin];
            let people = page_sessions::people(&mut w, &roles, NOW, 10).await.unwrap();
            assert!(people.iter().all(|one| one.id == good.id), "{change}");
            assert_eq!(news(bench), [(DamagedKind::Session, Some(forged.id.to_string()))], "{change}");
            // Ending it takes it away; so does an administrator who names it.
            if at % 2 == 0 {
                assert_eq!(page_sessions::end(&mut w, Which::One(forged.id), NOW, "admin").await.unwrap(), []);
            } else {
                assert!(page_sessions::remove_damaged(&mut w, forged.id).await.unwrap());
            }
            assert_eq!(page_sessions::damaged(&mut w).await.unwrap(), Vec::<String>::new(), "{change}");
            w.save().await.unwrap();
        }
        let mut w = bench.write().await;
        assert!(!page_sessions::remove_damaged(&mut w, good.id).await.unwrap(), "it is a good one");
        assert_eq!(page_sessions::find(&mut w, &good.token_hash).await.unwrap(), Some(good.clone()));
        let ended = page_sessions::end(&mut w, Which::One(good.id), NOW, "admin").await.unwrap();
        assert_eq!((ended.len(), ended[0].ended_at), (1, Some(NOW)));
        assert!(page_sessions::find(&mut w, &good.token_hash).await.unwrap().is_some(), "ended, and sound");
    }

    async fn a_session_that_was_ended_does_not_come_to_life_and_one_that_is_made_up_is_none(bench) {
        let ended = session(&bench.ids, "person:1");
        let mut w = bench.write().await;
        page_sessions::begin(&mut w, &ended).await.unwrap();
        page_sessions::end(&mut w, Which::Token(&ended.token_hash), NOW, "oneself").await.unwrap();
        w.save().await.unwrap();
        bench.place.raw("UPDATE page_sessions SET ended_at = NULL, ended_by = NULL").await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(page_sessions::find(&mut r, &ended.token_hash).await.unwrap(), None);
        drop(r);
        let (id, hash) = (SessionId::new(&bench.ids), "b".repeat(64));
        bench.place.raw_of(format!(
            "INSERT INTO page_sessions (id, token_hash, subject, named, role, from_ip, created_at, seen_at, ends_at, mac)
             SELECT '{id}', '{hash}', subject, 'person:1', 'admin', 'x', created_at, seen_at, ends_at, mac FROM page_sessions"
        )).await;
        let mut r = bench.read().await;
        assert_eq!(page_sessions::find(&mut r, &hash).await.unwrap(), None);
        // Kept in use by a statement, a good one ends at its time all the same.
        let idle = PageSession { seen_at: NOW, ..ended };
        let moved = PageSession { seen_at: NOW.plus_seconds(9999), ended_at: None, ended_by: None, ..idle };
        assert!(!moved.is_open(moved.ends_at, 1800));
    }

    async fn a_conversation_that_was_given_to_somebody_else_is_shown_to_nobody(bench) {
        let (own, other) = (of(bench, "jane-4711"), of(bench, "john-4712"));
        let (told, others) = (said(bench, &own).await, said(bench, &other).await);
        let (jane, john) = (Owner { subject: "jane-4711", key: None }, Owner { subject: "john-4712", key: None });
        let set = |column: &str| format!(
            "{column} = (SELECT o.{column} FROM conversations o WHERE o.id = '{}')", other.id
        );
        for change in [set("subject"), set("data_key"), format!("{}, {}", set("subject"), set("data_key"))] {
            bench.place.raw_of(format!("UPDATE conversations SET {change} WHERE id = '{}'", own.id)).await;
            let mut r = bench.read().await;
            for owner in [&jane, &john] {
                assert_eq!(conversations::get(&mut r, own.id, owner).await.unwrap(), None, "{change}");
                assert_eq!(interactions::get_of(&mut r, told.id, owner).await.unwrap(), None, "{change}");
                let listed = conversations::list_of(&mut r, owner, 9).await.unwrap();
                assert!(listed.iter().all(|one| one.id != own.id), "{change}");
            }
            assert_eq!(conversations::get_for_staff(&mut r, own.id).await.unwrap(), None, "{change}");
            assert_eq!(interactions::get(&mut r, told.id).await.unwrap(), None, "{change}");
            assert_eq!(interactions::started(&mut r, told.id).await.unwrap(), None, "{change}");
            assert_eq!(interactions::of_conversation(&mut r, own.id, 9).await.unwrap(), [], "{change}");
            assert_eq!(interactions::first_question(&mut r, own.id).await.unwrap(), None, "{change}");
            let news = news(bench);
            assert!(news.contains(&(DamagedKind::Conversation, Some(own.id.to_string()))), "{change} {news:?}");
            // Nothing is added to it, whoever says it is theirs.
            drop(r);
            for subject in ["jane-4711", "john-4712"] {
                let mut w = bench.write().await;
                let begun = Conversation { subject: subject.to_owned(), ..own.clone() };
                let refused = conversations::ensure(&mut w, &begun).await;
                assert_eq!(refused, Err(StoreError::Conflict { rule: "conversations_id".into() }), "{change}");
            }
            // The neighbour is read as before.
            let mut r = bench.read().await;
            assert_eq!(conversations::get(&mut r, other.id, &john).await.unwrap().unwrap().id, other.id, "{change}");
            assert_eq!(interactions::get_of(&mut r, others.id, &john).await.unwrap(), Some(others.clone()), "{change}");
            drop(r);
            let back = format!(
                "UPDATE conversations SET subject = '{}', data_key = (SELECT id FROM data_keys WHERE person = '{}') WHERE id = '{}'",
                contactiq_store::privacy::consent::as_kept(&bench.store, &jane).0,
                contactiq_store::privacy::person(&bench.store, &jane),
                own.id
            );
            bench.place.raw_of(back).await;
            assert_eq!(get(&bench.store, &told).await.unwrap(), Some(told.clone()), "put right, it is whole");
        }
    }

    async fn an_interaction_that_was_moved_opens_for_nobody_and_harms_no_history(bench) {
        let (own, other) = (of(bench, "jane-4711"), of(bench, "john-4712"));
        let (told, others) = (said(bench, &own).await, said(bench, &other).await);
        let john = Owner { subject: "john-4712", key: None };
        bench.place.raw_of(format!(
            "UPDATE interactions SET conversation = '{}', subject = (SELECT subject FROM conversations WHERE id = '{}') WHERE id = '{}'",
            other.id, other.id, told.id
        )).await;
        let mut r = bench.read().await;
        assert_eq!(interactions::get_of(&mut r, told.id, &john).await.unwrap(), None);
        assert_eq!(interactions::get(&mut r, told.id).await.unwrap(), None, "nor for staff");
        assert_eq!(interactions::of_conversation(&mut r, other.id, 9).await.unwrap(), [others]);
        assert!(interactions::first_question(&mut r, other.id).await.unwrap().is_some(), "that of its own");
        assert_eq!(feedback::of_interaction(&mut r, told.id).await.unwrap(), []);
        assert_eq!(news(bench), [(DamagedKind::Interaction, Some(told.id.to_string()))]);
        drop(r);
        // Another store, whose memory knows no key yet, finds the same.
        let fresh = bench.place.open().await.unwrap();
        assert_eq!(get(&fresh, &told).await.unwrap(), None);
        fresh.close().await;
    }

    async fn who_is_forgotten_takes_no_interaction_along_that_was_moved_to_them(bench) {
        let (own, other) = (of(bench, "jane-4711"), of(bench, "john-4712"));
        let (told, others) = (said(bench, &own).await, said(bench, &other).await);
        let to = |conversation: &Conversation| format!(
            "UPDATE interactions SET conversation = '{0}', subject = (SELECT subject FROM conversations WHERE id = '{0}') WHERE id = '{1}'",
            conversation.id, told.id
        );
        bench.place.raw_of(to(&other)).await;
        let john = Owner { subject: "john-4712", key: None };
        let erased = erase::person(&bench.store, &john, "desk", &bench.ids, NOW).await.unwrap();
        assert!(matches!(erased, Erased::Now(_)), "{erased:?}");
        erase::sweep(&bench.store, NOW).await.unwrap();
        bench.place.raw_of(to(&own)).await;
        assert_eq!(get(&bench.store, &told).await.unwrap(), Some(told.clone()), "put right, it is whole");
        let gone = get(&bench.store, &others).await.unwrap().unwrap();
        assert_eq!(gone.question.as_str(), "[erased]", "their own went");
    }

    async fn a_purge_takes_no_texts_of_a_person_whose_conversation_is_said_to_be_anothers(bench) {
        let (own, other) = (of(bench, "jane-4711"), of(bench, "john-4712"));
        let (told, also) = (said(bench, &own).await, said(bench, &own).await);
        said(bench, &other).await;
        // One is moved, with its texts or as if they had gone already; then the whole conversation is given away.
        let gone = Before { texts: NOW.plus_seconds(-1000), figures: NOW.plus_seconds(-1000), access_events: NOW.plus_seconds(-1000) };
        for (change, back) in [
            (
                format!("UPDATE interactions SET conversation = '{}', created_at = 1 WHERE id = '{}'", other.id, told.id),
                format!("UPDATE interactions SET conversation = '{}', created_at = {} WHERE id = '{}'", own.id, told.created_at.micros(), told.id),
            ),
            (
                format!("UPDATE interactions SET anonymised_at = 1, created_at = 1 WHERE id = '{}'", told.id),
                format!("UPDATE interactions SET anonymised_at = NULL, created_at = {} WHERE id = '{}'", told.created_at.micros(), told.id),
            ),
            (
                format!("CREATE TABLE kept AS SELECT subject, data_key FROM conversations WHERE id = '{}';
                    UPDATE conversations SET subject = (SELECT subject FROM conversations WHERE id = '{}'),
                        data_key = (SELECT data_key FROM conversations WHERE id = '{}') WHERE id = '{}';
                    UPDATE interactions SET created_at = 1 WHERE id = '{}'", own.id, other.id, other.id, own.id, told.id),
                format!("UPDATE conversations SET subject = (SELECT subject FROM kept), data_key = (SELECT data_key FROM kept)
                        WHERE id = '{}';
                    UPDATE interactions SET created_at = {} WHERE id = '{}'", own.id, told.created_at.micros(), told.id),
            ),
        ] {
            bench.place.raw_of(change).await;
            assert_eq!(purge::step(&bench.store, &gone, NOW).await.unwrap(), Purged::default());
            bench.place.raw_of(back).await;
            assert_eq!(get(&bench.store, &told).await.unwrap(), Some(told.clone()), "put right, it is whole");
        }
        assert_eq!(get(&bench.store, &also).await.unwrap(), Some(also));
    }

    async fn an_erasure_says_nothing_of_a_key_that_a_changed_hold_keeps(bench) {
        let (jane, john) = (Owner { subject: "jane-4711", key: None }, Owner { subject: "john-4712", key: None });
        said(bench, &of(bench, "jane-4711")).await;
        let told = said(bench, &of(bench, "john-4712")).await;
        let mut w = bench.write().await;
        holds::place(&mut w, &jane, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        let person = contactiq_store::privacy::person(&bench.store, &john);
        bench.place.raw_of(format!(
            "UPDATE legal_holds SET data_key = (SELECT id FROM data_keys WHERE person = '{person}')"
        )).await;
        let refused = erase::person(&bench.store, &john, "desk", &bench.ids, NOW).await;
        assert!(matches!(refused, Err(StoreError::Corrupt { what: "legal hold" })), "{refused:?}");
        assert_eq!(get(&bench.store, &told).await.unwrap(), Some(told));
        assert_eq!(erase::receipts(&mut *bench.read().await, 9, 0).await.unwrap(), []);
    }

    async fn an_erasure_takes_the_texts_also_where_somebody_hid_the_key(bench) {
        let john = Owner { subject: "john-4712", key: None };
        let own = of(bench, "john-4712");
        let told = said(bench, &own).await;
        let person = contactiq_store::privacy::person(&bench.store, &john);
        bench.place.raw_of(format!("UPDATE conversations SET data_key = NULL WHERE id = '{}'", own.id)).await;
        let hidden = "f".repeat(64);
        bench.place.raw_of(format!("UPDATE data_keys SET person = '{hidden}' WHERE person = '{person}'")).await;
        let erased = erase::person(&bench.store, &john, "desk", &bench.ids, NOW).await.unwrap();
        assert!(matches!(erased, Erased::Now(_)), "{erased:?}");
        bench.place.raw_of(format!("UPDATE data_keys SET person = '{person}' WHERE person = '{hidden}'")).await;
        assert_eq!(get(&bench.store, &told).await.unwrap().unwrap().question.as_str(), "[erased]");
    }

    async fn a_key_of_somebody_that_is_found_under_another_name_serves_nobody(bench) {
        let own = said(bench, &of(bench, "jane-4711")).await;
        let jane = contactiq_store::privacy::person(&bench.store, &Owner { subject: "jane-4711", key: None });
        let thief = contactiq_store::privacy::person(&bench.store, &Owner { subject: "john-4712", key: None });
        bench.place.raw_of(format!("UPDATE data_keys SET person = '{thief}' WHERE person = '{jane}'")).await;
        // Known in this process already, and unwrapped by another one: neither seals for whom it was not made.
        let fresh = bench.place.open().await.unwrap();
        for store in [&bench.store, &fresh] {
            let mut w = store.write().await.unwrap();
            assert!(conversations::create(&mut w, &of(bench, "john-4712")).await.is_err());
        }
        assert!(get(&fresh, &own).await.is_err());
        fresh.close().await;
    }

    async fn where_a_back_end_names_nobody_each_conversation_is_read_by_its_key_alone(bench) {
        let (one, other) = (key(&bench.ids, "shop"), key(&bench.ids, "branch"));
        made(bench, &one).await;
        made(bench, &other).await;
        let begun = |key: &ApiKey| Conversation { owner_key: Some(key.id), ..of(bench, &key.id.subject()) };
        let (first, second) = (begun(&one), begun(&one));
        let (told, also) = (said(bench, &first).await, said(bench, &second).await);
        assert_eq!(get(&bench.store, &told).await.unwrap(), Some(told.clone()));
        let subject = other.id.subject();
        let thief = Owner { subject: &subject, key: Some(other.id) };
        let blind = contactiq_store::privacy::consent::as_kept(&bench.store, &thief).0;
        bench.place.raw_of(format!(
            "UPDATE conversations SET subject = '{blind}', owner_key = '{}' WHERE id = '{}'", other.id, first.id
        )).await;
        let mut r = bench.read().await;
        assert_eq!(conversations::get(&mut r, first.id, &thief).await.unwrap(), None);
        assert_eq!(interactions::get_of(&mut r, told.id, &thief).await.unwrap(), None);
        // The same person by name, and another conversation: its texts are bound to that.
        bench.place.raw_of(format!("UPDATE interactions SET conversation = '{}' WHERE id = '{}'", first.id, also.id)).await;
        assert_eq!(interactions::get(&mut *bench.read().await, also.id).await.unwrap(), None);
    }

    async fn a_ticket_that_was_put_into_other_hands_is_shown_to_no_banker(bench) {
        let mut w = bench.write().await;
        let of = Conversation { mode: Mode::Banker, subject: "mia".to_owned(), ..of(bench, "mia") };
        conversations::create(&mut w, &of).await.unwrap();
        let banker = |subject| Owner { subject, key: None };
        let mut all = Vec::new();
        for number in 0..4 {
            let told = record(&started(&bench.ids, &of));
            interactions::complete(&mut w, &told).await.unwrap();
            let own = ticket(&bench.ids, &told);
            tickets::open(&mut w, &own).await.unwrap();
            if number > 0 {
                tickets::advance(&mut w, own.id, TicketState::Taken, "Ann", None, NOW).await.unwrap();
                tickets::note_hands(&mut w, own.id, &banker("ann")).await.unwrap();
            }
            all.push(own);
        }
        w.save().await.unwrap();
        let mut r = bench.read().await;
        assert!(tickets::get_for(&mut r, all[1].id, &banker("ann")).await.unwrap().is_some(), "hers");
        assert!(tickets::get_for(&mut r, all[0].id, &banker("ann")).await.unwrap().is_none(), "nobody's");
        drop(r);
        let hands = "(SELECT o.taken_by FROM tickets o WHERE o.taken_by IS NOT NULL LIMIT 1)";
        for (at, change) in [
            (0, format!("taken_by = {hands}")),
            (1, "mode = 'customer'".to_owned()),
            (2, "mac = NULL".to_owned()),
        ] {
            bench.place.raw_of(format!("UPDATE tickets SET {change} WHERE id = '{}'", all[at].id)).await;
            let mut r = bench.read().await;
            for who in ["ann", "mia", "joe"] {
                assert_eq!(tickets::get_for(&mut r, all[at].id, &banker(who)).await.unwrap(), None, "{change}");
                let filter = Filter { agent: Some(banker(who)), ..Filter::default() };
                let listed = tickets::list(&mut r, &filter, 9, 0).await.unwrap();
                assert!(listed.iter().all(|one| one.id != all[at].id), "{change}");
            }
            // Who sees every ticket sees that there is one, and none of its texts.
            let found = tickets::get(&mut r, all[at].id).await.unwrap().unwrap();
            assert_eq!((&found.question, &found.told), (&Masked::locked(), &Masked::locked()), "{change}");
            let listed = tickets::list(&mut r, &Filter::default(), 9, 0).await.unwrap();
            assert_eq!(listed.len(), 4, "{change}");
            assert_eq!(news(bench), [(DamagedKind::Ticket, Some(all[at].id.to_string()))], "{change}");
            drop(r);
            // With a hand-over of ours it would be a good one.
            let mut w = bench.write().await;
            let to = (&banker("joe"), "Joe");
            assert!(!tickets::hand_over(&mut w, all[at].id, to, None, "sam", NOW).await.unwrap(), "{change}");
            tickets::note_hands(&mut w, all[at].id, &banker("joe")).await.unwrap();
            assert_eq!(tickets::get_for(&mut w, all[at].id, &banker("joe")).await.unwrap(), None, "{change}");
        }
        let mut r = bench.read().await;
        let untouched = tickets::get_for(&mut r, all[3].id, &banker("ann")).await.unwrap().unwrap();
        assert_eq!(untouched.question, masked("Someone in Wagga stole my card."));
        drop(r);
        // A ticket of one's own that is made to be of another conversation shows nothing of that.
        let elsewhere = ConversationId::new(&bench.ids);
        let mut w = bench.write().await;
        let stranger = Conversation { id: elsewhere, subject: "joe".to_owned(), ..of.clone() };
        conversations::create(&mut w, &stranger).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw_of(format!("UPDATE tickets SET conversation = '{elsewhere}' WHERE id = '{}'", all[3].id)).await;
        let mut r = bench.read().await;
        assert_eq!(tickets::get_for(&mut r, all[3].id, &banker("joe")).await.unwrap(), None);
    }
}
