use contactiq_guard::{Guard, GuardSettings, Placeholders, Raw, Token, TokenKey};
use contactiq_store::{StoreError, interactions, pii_tokens, placeholders};

use crate::samples::{NOW, begun, conversation, started};

/// Numbers a message as its conversation does; the masked text.
pub(crate) fn numbered(given: &mut Placeholders, text: &str) -> String {
    let guard = Guard::new(GuardSettings::default());
    let mut inspected = guard.inspect(&Raw::new(text)).unwrap();
    assert!(inspected.number(given), "{text} is new");
    inspected.masked.as_str().to_owned()
}

on_both_engines! {
    async fn placeholders_are_kept_with_their_conversation(bench) {
        let mut w = bench.write().await;
        let (own, other) = (begun(&mut w, &bench.ids).await, begun(&mut w, &bench.ids).await);
        let mut given = placeholders::locked(&mut w, own.id).await.unwrap();
        assert!(given.is_empty());
        assert_eq!(numbered(&mut given, "My name is Zorblat Quimby"), "My name is <PERSON_1>");
        placeholders::keep(&mut w, own.id, &given).await.unwrap();
        w.save().await.unwrap();

        let mut w = bench.write().await;
        let mut given = placeholders::locked(&mut w, own.id).await.unwrap();
        assert_eq!(
            numbered(&mut given, "My name is Zorblat Quimby, my wife is called Hannah Novak"),
            "My name is <PERSON_1>, my wife is called <PERSON_2>"
        );
        assert!(!placeholders::of(&mut w, own.id).await.unwrap().is_empty());
        assert!(placeholders::of(&mut w, other.id).await.unwrap().is_empty());
        let unknown = conversation(&bench.ids).id;
        assert!(placeholders::of(&mut w, unknown).await.unwrap().is_empty());
        let locked = placeholders::locked(&mut w, unknown).await.unwrap_err();
        assert_eq!(locked, StoreError::NotFound { what: "conversation" });
    }

    async fn placeholders_of_another_conversation_do_not_open(bench) {
        let mut w = bench.write().await;
        let (own, other) = (begun(&mut w, &bench.ids).await, begun(&mut w, &bench.ids).await);
        let mut given = Placeholders::default();
        numbered(&mut given, "My name is Zorblat Quimby");
        placeholders::keep(&mut w, own.id, &given).await.unwrap();
        w.save().await.unwrap();
        bench
            .place
            .raw("UPDATE conversations SET placeholders =
                     (SELECT o.placeholders FROM conversations o WHERE o.placeholders IS NOT NULL)")
            .await
            .unwrap();
        let mut r = bench.read().await;
        assert!(placeholders::of(&mut r, own.id).await.is_ok());
        assert!(matches!(placeholders::of(&mut r, other.id).await, Err(StoreError::Sealed(_))));
    }

    async fn tokens_are_counted_and_go_with_their_interaction(bench) {
        let guard = Guard::new(GuardSettings {
            token_key: TokenKey::new(&[7; TokenKey::LEAST]),
            ..GuardSettings::default()
        });
        let spans = guard.scan(&Raw::new("My name is Zorblat Quimby, my pin is 4821")).unwrap().spans;
        let tokens: Vec<(_, Token)> = spans.iter().filter_map(|s| Some((s.kind, s.token?))).collect();
        assert_eq!((spans.len(), tokens.len()), (2, 1));
        let mut w = bench.write().await;
        let own = begun(&mut w, &bench.ids).await;
        let since = NOW.plus_seconds(-60);
        for _ in 0..2 {
            let started = started(&bench.ids, &own);
            interactions::start(&mut w, &started).await.unwrap();
            // A start that is written again counts once.
            for _ in 0..2 {
                pii_tokens::save(&mut w, started.id, NOW, &tokens).await.unwrap();
            }
        }
        let counted = pii_tokens::counted(&mut w, since, 10).await.unwrap();
        assert_eq!(counted.len(), 1);
        assert_eq!((counted[0].kind, counted[0].interactions), (spans[0].kind, 2));
        assert_eq!(counted[0].token, tokens[0].1.to_string());
        assert!(pii_tokens::counted(&mut w, NOW.plus_seconds(1), 10).await.unwrap().is_empty());
        w.save().await.unwrap();
        bench.place.raw("DELETE FROM interactions").await.unwrap();
        assert!(pii_tokens::counted(&mut *bench.read().await, since, 10).await.unwrap().is_empty());
    }
}
