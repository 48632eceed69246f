use std::sync::atomic::AtomicUsize;

use contactiq_guard::GuardSettings;
use tokio::task::JoinSet;

use super::*;

const SHORT: Duration = Duration::from_millis(60);

fn door() -> Door {
    Door::new(Guard::new(GuardSettings::default()), SHORT)
}

fn patient() -> Door {
    Door::new(Guard::new(GuardSettings::default()), Duration::from_secs(30))
}

/// With so many places of each kind.
fn with_places(door: Door, number: usize) -> Door {
    Door { messages: Lane::with(number), long: Lane::with(number), ..door }
}

/// A fault that hangs until what comes with it is dropped.
fn hangs() -> (Fault, mpsc::Sender<()>) {
    let (stop, stopped) = mpsc::channel::<()>();
    let stopped = Mutex::new(stopped);
    let fault: Fault = Arc::new(move || {
        stopped.lock().unwrap().recv().ok();
    });
    (fault, stop)
}

fn given_up(lane: &Lane) -> usize {
    lane.left.lock().unwrap().len()
}

/// Waits until no reading that was given up runs.
fn all_ended(door: &Door) {
    for _ in 0..1000 {
        if given_up(&door.messages) + given_up(&door.long) == 0 {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("readings that ended still count");
}

fn raw(text: &str) -> Arc<Raw> {
    Arc::new(Raw::new(text))
}

#[tokio::test]
async fn a_sound_guard_reads_as_without_a_door() {
    let door = patient();
    let read = door.inspect_in(raw("my card is 4111 1111 1111 1111"), Earlier::default()).await.unwrap();
    assert_eq!(read.masked.as_str(), "my card is <CREDIT_CARD_1>");
    assert_eq!(door.inspect_in(raw(" "), Earlier::default()).await.unwrap_err().code(), "question_empty");
    let masked = door.mask_all(vec![Raw::new("a@example.com"), Raw::new("fee")]).await.unwrap();
    assert_eq!(masked.iter().map(Masked::as_str).collect::<Vec<_>>(), ["<EMAIL_1>", "fee"]);
    assert_eq!(door.read_here(3, |guard| guard.hears_a_cry(&Raw::new("fee"))), Ok(false));
}

#[tokio::test]
async fn a_guard_that_panics_gives_a_fault_and_reads_the_next_text() {
    let failing = patient().failing_with(Arc::new(|| panic!("as a test wants it")));
    assert_eq!(
        failing.inspect_in(raw("hello"), Earlier::default()).await,
        Err(NotRead::Fault(DoorFault::Panicked))
    );
    assert_eq!(failing.scan(raw("hello")).await.unwrap_err().code(), "guard_failed");
    assert_eq!(failing.mask(Raw::new("hello")).await, Err(DoorFault::Panicked));
    assert_eq!(failing.hears_a_cry(raw("hello")).await, Err(DoorFault::Panicked));
    assert_eq!(failing.inspect_output("hello".into(), Held::default()).await, Err(DoorFault::Panicked));
    assert_eq!(failing.read_here(1, |_| ()), Err(DoorFault::Panicked));
    let sound = Door { fault: None, ..failing };
    assert!(sound.inspect_in(raw("hello"), Earlier::default()).await.is_ok());
}

#[tokio::test]
async fn a_guard_that_hangs_is_given_up_and_soon_not_tried() {
    let (fault, stop) = hangs();
    let hangs = door().failing_with(fault);
    let since = Instant::now();
    assert_eq!(
        hangs.inspect_in(raw("hello"), Earlier::default()).await,
        Err(NotRead::Fault(DoorFault::Late))
    );
    assert!(since.elapsed() >= SHORT && since.elapsed() < SHORT * 50, "{:?}", since.elapsed());
    for _ in 1..GIVEN_UP {
        assert_eq!(hangs.read_here(1, |_| ()), Err(DoorFault::Late));
    }
    let since = Instant::now();
    assert_eq!(hangs.mask(Raw::new("hello")).await, Err(DoorFault::Stuck));
    assert!(since.elapsed() < SHORT, "nobody waited: {:?}", since.elapsed());
    // The threads end, and the guard is tried again.
    drop(stop);
    all_ended(&hangs);
}

#[tokio::test]
async fn a_reading_whose_client_left_keeps_its_place_until_it_ends() {
    let (fault, stop) = hangs();
    let hangs = with_places(patient(), 1).failing_with(fault);
    let left = time::timeout(SHORT, hangs.mask(Raw::new("hello"))).await;
    assert!(left.is_err(), "nobody waits for it any more");
    assert_eq!((given_up(&hangs.messages), hangs.messages.overdue()), (1, 0), "it has time yet");
    assert_eq!(hangs.messages.places.available_permits(), 0, "and it has its place");
    drop(stop);
    all_ended(&hangs);
    assert!(hangs.mask(Raw::new("hello")).await.is_ok());
    assert_eq!(given_up(&hangs.messages), 0, "what was heard is not given up");
}

#[tokio::test]
async fn more_readings_than_places_wait_and_are_served() {
    let (now, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let door = with_places(patient(), 2).failing_with(Arc::new(move || {
        seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20));
        now.fetch_sub(1, Ordering::SeqCst);
    }));
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let door = door.clone();
        all.spawn(async move { door.mask(Raw::new("a@example.com")).await });
    }
    while let Some(masked) = all.join_next().await {
        assert_eq!(masked.unwrap().unwrap().as_str(), "<EMAIL_1>");
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_not_read_and_long_texts_leave_half_of_them() {
    let none = with_places(door(), 0);
    let since = Instant::now();
    assert_eq!(none.mask(Raw::new("hello")).await, Err(DoorFault::Stuck));
    assert!(since.elapsed() >= SHORT, "{:?}", since.elapsed());
    assert_eq!(given_up(&none.messages), 0);
    let blocks = with_places(patient(), 0).read_here(1, |_| 7);
    assert_eq!(blocks, Ok(7), "who may block takes none");
    let none_of_long = Door { long: Lane::with(0), ..door() };
    assert_eq!(none_of_long.read(LONG + 1, |_| ()).await, Err(DoorFault::Stuck));
    assert_eq!(none_of_long.read(LONG, |_| ()).await, Ok(()), "messages have places of their own");
    let usual = door();
    assert!(usual.messages.most >= FEWEST_PLACES && usual.long.most == usual.messages.most / 2);
}

#[test]
fn a_longer_text_takes_more_places_and_none_takes_all() {
    let lane = Lane::with(8);
    assert_eq!([1, LONG, 2 * LONG, 49_999, 1_000_000].map(|chars| lane.weight(chars)), [1, 1, 2, 4, 4]);
    assert_eq!(Lane::with(1).weight(1_000_000), 1);
}

/// Whoever sends long texts and leaves stops nobody else, and each of the readings that he left ends.
#[tokio::test]
async fn clients_that_leave_long_texts_stop_no_question() {
    let door = patient();
    let long = "my password is Quiet7!sea, and I live at 4 Elm Street. ".repeat(18_000);
    let mut gone = JoinSet::new();
    for _ in 0..24 {
        let (door, long) = (door.clone(), Arc::new(Raw::new(long.clone())));
        gone.spawn(async move { time::timeout(Duration::from_millis(300), door.scan(long)).await.is_err() });
    }
    while let Some(left) = gone.join_next().await {
        assert!(left.unwrap(), "the client left before the text was read");
        let read = door.inspect_in(raw("what is the fee"), Earlier::default()).await;
        assert!(read.is_ok(), "a question goes on: {read:?}");
    }
    all_ended(&door);
    let scan = door.scan(raw("my card is 4111 1111 1111 1111")).await.unwrap();
    assert_eq!(scan.masked.as_str(), "my card is <CREDIT_CARD_1>");
    assert_eq!(door.long.places.available_permits(), door.long.most, "every place is free again");
}

/// Readings of long texts that hang are not tried again, and messages are.
#[tokio::test]
async fn long_texts_that_hang_count_for_themselves() {
    let (fault, stop) = hangs();
    let hanging = Door { long: Lane::with(64), ..door() }.failing_with(fault);
    for _ in 0..GIVEN_UP {
        let left = time::timeout(Duration::from_millis(1), hanging.read(LONG + 1, |_| ())).await;
        assert!(left.is_err());
    }
    time::sleep(SHORT * 2).await;
    assert_eq!(hanging.long.overdue(), GIVEN_UP);
    assert_eq!(hanging.read(LONG + 1, |_| ()).await, Err(DoorFault::Stuck));
    let sound = Door { fault: None, ..hanging.clone() };
    assert_eq!(sound.read(LONG, |_| 7).await, Ok(7));
    drop(stop);
    all_ended(&hanging);
}

#[test]
fn a_long_text_has_more_time() {
    assert_eq!(door().limit_for(2_000), SHORT);
    assert_eq!(door().limit_for(1_000_000), SHORT * 21);
}
