use contactiq_domain::ids::{ConversationId, InteractionId};
use contactiq_store::{
    StoreError,
    transcripts::{self, Continued, Transcript},
};

use crate::{engines::Bench, samples::NOW};

fn transcript(bench: &Bench, mark: char, seconds: i64) -> Transcript {
    Transcript {
        interaction: InteractionId::new(&bench.ids),
        conversation: ConversationId::new(&bench.ids),
        mark: mark.to_string().repeat(64),
        created_at: NOW.plus_seconds(seconds),
    }
}

fn continued(transcript: &Transcript, first: bool) -> Option<Continued> {
    Some(Continued { interaction: transcript.interaction, conversation: transcript.conversation, first })
}

on_both_engines! {
    async fn each_exchange_is_continued_once_before_one_is_continued_again(bench) {
        let (one, other) = (transcript(bench, 'a', 0), transcript(bench, 'a', 1));
        let stranger = transcript(bench, 'b', 2);
        let mut w = bench.write().await;
        for kept in [&one, &other, &stranger, &one] {
            transcripts::keep(&mut w, kept).await.unwrap();
        }
        assert_eq!(transcripts::take(&mut w, &one.mark).await.unwrap(), continued(&one, true));
        assert_eq!(transcripts::take(&mut w, &one.mark).await.unwrap(), continued(&other, true));
        assert_eq!(transcripts::take(&mut w, &one.mark).await.unwrap(), continued(&other, false));
        transcripts::give_back(&mut w, one.interaction).await.unwrap();
        assert_eq!(transcripts::take(&mut w, &one.mark).await.unwrap(), continued(&one, true));
        assert_eq!(transcripts::take(&mut w, &"c".repeat(64)).await.unwrap(), None);
        assert!(transcripts::is_of(&mut w, &one.mark, one.conversation).await.unwrap());
        assert!(!transcripts::is_of(&mut w, &one.mark, stranger.conversation).await.unwrap());
    }

    async fn a_mark_that_is_none_is_refused(bench) {
        let mut wrong = transcript(bench, 'a', 0);
        wrong.mark.pop();
        let mut w = bench.write().await;
        assert!(matches!(transcripts::keep(&mut w, &wrong).await, Err(StoreError::Refused { .. })));
    }

    async fn marks_are_forgotten_after_thirty_days(bench) {
        let (old, new) = (transcript(bench, 'a', 0), transcript(bench, 'b', 60));
        let mut w = bench.write().await;
        for kept in [&old, &new] {
            transcripts::keep(&mut w, kept).await.unwrap();
        }
        let later = NOW.plus_seconds(30 * 86_400 + 1);
        assert_eq!(transcripts::purge(&mut w, later).await.unwrap(), 1);
        assert_eq!(transcripts::take(&mut w, &old.mark).await.unwrap(), None);
        assert_eq!(transcripts::take(&mut w, &new.mark).await.unwrap(), continued(&new, true));
    }

    async fn two_at_once_go_on_with_two_conversations(bench) {
        let (one, other) = (transcript(bench, 'a', 0), transcript(bench, 'a', 1));
        let mut w = bench.write().await;
        for kept in [&one, &other] {
            transcripts::keep(&mut w, kept).await.unwrap();
        }
        w.save().await.unwrap();
        let take = async || {
            let mut w = bench.write().await;
            let taken = transcripts::take(&mut w, &one.mark).await.unwrap().unwrap();
            w.save().await.unwrap();
            taken
        };
        let (first, second) = tokio::join!(take(), take());
        assert!(first.first && second.first, "{first:?} {second:?}");
        assert_ne!(first.conversation, second.conversation);
    }
}
