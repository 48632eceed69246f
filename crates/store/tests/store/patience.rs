//! Imports: how long they wait, and how often they ask.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contactiq_store::{Location, Store, documents, meta};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    engines::{Bench, Place, kek},
    samples::{document, passages},
};

on_both_engines! {
    async fn a_command_waits_where_a_request_gives_up(bench) {
        let mut first = bench.write().await;
        meta::set_meta(&mut first, "a", "1").await.unwrap();
        let at_work = bench.store.at_work();
        let mut waiting = JoinSet::new();
        for (store, value) in [(bench.store.clone(), "request"), (at_work, "command")] {
            waiting.spawn(async move {
                let mut w = store.write().await?;
                meta::set_meta(&mut w, "a", value).await?;
                w.save().await.map(|()| value)
            });
        }
        tokio::time::sleep(Duration::from_secs(7)).await;
        first.save().await.unwrap();
        let done = waiting.join_all().await;
        let passed: Vec<&str> = done.iter().filter_map(|done| done.as_ref().ok().copied()).collect();
        assert_eq!(passed, ["command"], "{done:?}");
        assert!(done.iter().flat_map(|done| done.as_ref().err()).all(|error| error.is_transient()));
    }

    async fn more_passages_than_one_statement_carries_come_in_whole(bench) {
        let many: Vec<String> = (0..2_345).map(|n| format!("passage {n}")).collect();
        let many = passages(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let new = document(&bench.ids, "long", "long");
        let mut w = bench.write().await;
        documents::put(&mut w, &new, &many).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(documents::passages(&mut *bench.read().await, new.id).await.unwrap(), many);
    }
}

/// Passes everything on to the server and counts what the client sends: each question is one packet at least.
async fn counting(server: String) -> (SocketAddr, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let (mut serving, count) = (JoinSet::new(), Arc::clone(&asked));
    serving.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((client, _)) = listener.accept().await {
            let (there, count) = (TcpStream::connect(&server).await.unwrap(), Arc::clone(&count));
            open.spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = there.into_split();
                let back = tokio::io::copy(&mut from_server, &mut to_client);
                let forth = async {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                        count.fetch_add(1, Ordering::Relaxed);
                        to_server.write_all(&buffer[..read]).await.unwrap();
                    }
                };
                tokio::select! { _ = back => {}, () = forth => {} }
            });
        }
    });
    (address, asked, serving)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_document_is_few_round_trips() {
    let bench = Bench::at(Place::postgresql().await).await;
    let Location::Postgres(url) = bench.place.location() else { unreachable!() };
    let (user, address) = url.rsplit_once('@').unwrap();
    let (server, database) = address.split_once('/').unwrap();
    let (proxy, asked, serving) = counting(server.to_owned()).await;
    let through = Location::Postgres(format!("{user}@{proxy}/{database}"));
    let store = Store::open(&through, kek()).await.unwrap();
    let many = passages(&["A passage of a handbook."; 5_000]);
    let new = document(&bench.ids, "handbook", "handbook");
    let mut w = store.write().await.unwrap();
    let before = asked.load(Ordering::Relaxed);
    documents::put(&mut w, &new, &many).await.unwrap();
    w.save().await.unwrap();
    let trips = asked.load(Ordering::Relaxed) - before;
    assert!((5..300).contains(&trips), "{trips}");
    store.close().await;
    drop(serving);
    bench.end().await;
}
