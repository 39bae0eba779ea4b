//! Batching, its bounds, and a store that fails, hangs or panics; under tokio's paused clock.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, Instant};
use webhook_dispatch::{BatchLimits, Batcher, Busy, Outcome, Store, StoreFailure};

const MS: Duration = Duration::from_millis(1);
const STORE_TIME: Duration = Duration::from_secs(10);

fn limits() -> BatchLimits {
    BatchLimits {
        batch_events: 4,
        batch_bytes: 1000,
        linger: Duration::ZERO,
        queue_events: 100,
        queue_bytes: 10_000,
        store_time: STORE_TIME,
        abandoned: 2,
    }
}

/// Stores each batch after 10 ms; rejects batches with an event of `reject`, hangs or panics on others.
#[derive(Clone, Default)]
struct Table(Arc<Inside>);

#[derive(Default)]
struct Inside {
    batches: Mutex<Vec<Vec<u32>>>,
    calls: AtomicUsize,
    reject: Mutex<HashSet<u32>>,
    hang: Mutex<HashSet<u32>>,
    panic: Mutex<HashSet<u32>>,
    down: Mutex<bool>,
    held: AtomicUsize,
    settled: Mutex<HashMap<u32, Vec<Outcome>>>,
    changed: Notify,
}

impl Table {
    fn batches(&self) -> Vec<Vec<u32>> {
        self.0.batches.lock().unwrap().clone()
    }

    /// What becomes of an event, once it is known.
    async fn outcome(&self, event: u32) -> Outcome {
        loop {
            let changed = self.0.changed.notified();
            if let Some(outcomes) = self.0.settled.lock().unwrap().remove(&event) {
                assert_eq!(outcomes.len(), 1, "event {event} is settled once");
                return outcomes[0].clone();
            }
            changed.await;
        }
    }

    async fn outcomes(&self, events: impl IntoIterator<Item = u32>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for event in events {
            outcomes.push(self.outcome(event).await);
        }
        outcomes
    }
}

impl Store for Table {
    type Event = u32;

    fn store(&self, events: Vec<Arc<u32>>) -> impl Future<Output = Result<(), StoreFailure>> + Send {
        let table = self.clone();
        async move {
            table.0.calls.fetch_add(1, Ordering::SeqCst);
            let has = |set: &Mutex<HashSet<u32>>| events.iter().any(|event| set.lock().unwrap().contains(event));
            assert!(!has(&table.0.panic), "asked to");
            if has(&table.0.hang) {
                table.0.held.fetch_add(1, Ordering::SeqCst);
                std::future::pending::<()>().await;
            }
            sleep(10 * MS).await;
            if *table.0.down.lock().unwrap() {
                return Err(StoreFailure::Unavailable("down".into()));
            }
            if has(&table.0.reject) {
                return Err(StoreFailure::Rejected("bad row".into()));
            }
            let ids: Vec<u32> = events.iter().map(|event| **event).collect();
            table.0.batches.lock().unwrap().push(ids);
            Ok(())
        }
    }

    fn settle(&self, events: &[Arc<u32>], outcome: &Outcome) {
        for event in events {
            let mut settled = self.0.settled.lock().unwrap();
            settled.entry(**event).or_default().push(outcome.clone());
        }
        self.0.changed.notify_waiters();
    }
}

async fn all(batcher: &Batcher<Table>, table: &Table, events: impl IntoIterator<Item = u32>) -> Vec<Outcome> {
    let events: Vec<u32> = events.into_iter().collect();
    for event in &events {
        batcher.submit(*event, 1).expect("room");
    }
    table.outcomes(events).await
}

fn stored(count: usize) -> Vec<Outcome> {
    vec![Outcome::Stored; count]
}

#[tokio::test(start_paused = true)]
async fn stores_a_single_event_at_once() {
    let table = Table::default();
    let batcher = Batcher::new(
        table.clone(),
        BatchLimits {
            linger: 50 * MS,
            ..limits()
        },
    );
    let begin = Instant::now();
    assert_eq!(all(&batcher, &table, [1]).await, stored(1));
    assert_eq!(begin.elapsed(), 10 * MS);
}

#[tokio::test(start_paused = true)]
async fn collects_events_in_order_while_a_batch_is_being_stored() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    batcher.submit(1, 1).unwrap();
    sleep(5 * MS).await;
    let rest = all(&batcher, &table, 2..=4).await;
    assert_eq!(table.outcome(1).await, Outcome::Stored);
    assert_eq!(rest, stored(3));
    assert_eq!(table.batches(), [vec![1], vec![2, 3, 4]]);
}

#[tokio::test(start_paused = true)]
async fn settles_no_event_before_its_batch_is_stored() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    batcher.submit(1, 1).unwrap();
    sleep(9 * MS).await;
    assert!(table.0.settled.lock().unwrap().is_empty());
    assert_eq!(table.outcome(1).await, Outcome::Stored);
    assert_eq!(table.batches(), [vec![1]]);
}

#[tokio::test(start_paused = true)]
async fn bounds_the_events_of_a_batch() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    assert_eq!(all(&batcher, &table, 1..=9).await, stored(9));
    assert_eq!(table.batches(), [vec![1, 2, 3, 4], vec![5, 6, 7, 8], vec![9]]);
}

#[tokio::test(start_paused = true)]
async fn bounds_the_bytes_of_a_batch_and_stores_a_larger_event_alone() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    for (event, bytes) in [(1, 600), (2, 400), (3, 1), (4, 5000), (5, 1)] {
        batcher.submit(event, bytes).unwrap();
    }
    assert_eq!(table.outcomes(1..=5).await, stored(5));
    assert_eq!(table.batches(), [vec![1, 2], vec![3], vec![4], vec![5]]);
}

fn lingering() -> BatchLimits {
    BatchLimits {
        linger: 20 * MS,
        ..limits()
    }
}

#[tokio::test(start_paused = true)]
async fn stores_one_event_after_another_at_once() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), lingering());
    let begin = Instant::now();
    for event in 1..=3 {
        assert_eq!(all(&batcher, &table, [event]).await, stored(1));
    }
    assert_eq!(begin.elapsed(), 30 * MS);
}

#[tokio::test(start_paused = true)]
async fn waits_under_load_for_as_many_events_as_the_last_batch_had() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), lingering());
    all(&batcher, &table, 1..=3).await;
    let begin = Instant::now();
    batcher.submit(4, 1).unwrap();
    sleep(5 * MS).await;
    batcher.submit(5, 1).unwrap();
    batcher.submit(6, 1).unwrap();
    assert_eq!(table.outcomes(4..=6).await, stored(3));
    assert_eq!(begin.elapsed(), 15 * MS);
    assert_eq!(table.batches(), [vec![1, 2, 3], vec![4, 5, 6]]);
}

#[tokio::test(start_paused = true)]
async fn waits_no_longer_than_the_linger() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), lingering());
    all(&batcher, &table, 1..=3).await;
    let begin = Instant::now();
    batcher.submit(4, 1).unwrap();
    sleep(15 * MS).await;
    batcher.submit(5, 1).unwrap();
    assert_eq!(table.outcomes(4..=5).await, stored(2));
    assert_eq!(begin.elapsed(), 30 * MS);
    assert_eq!(table.batches(), [vec![1, 2, 3], vec![4, 5]]);
}

#[tokio::test(start_paused = true)]
async fn stores_a_full_batch_at_once() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), lingering());
    all(&batcher, &table, 1..=4).await;
    let begin = Instant::now();
    all(&batcher, &table, 5..=8).await;
    assert_eq!(begin.elapsed(), 10 * MS);
}

#[tokio::test(start_paused = true)]
async fn returns_busy_past_the_bound_on_events_until_there_is_room() {
    let table = Table::default();
    let batcher = Batcher::new(
        table.clone(),
        BatchLimits {
            queue_events: 3,
            ..limits()
        },
    );
    for event in 1..=3 {
        batcher.submit(event, 1).unwrap();
    }
    assert_eq!(batcher.submit(4, 1).unwrap_err(), Busy::Full);
    assert_eq!(table.outcomes(1..=3).await, stored(3));
    assert_eq!(all(&batcher, &table, [5]).await, stored(1));
    assert_eq!(batcher.counts().busy, 1);
    assert_eq!(batcher.counts().accepted, 4);
}

#[tokio::test(start_paused = true)]
async fn returns_busy_past_the_bound_on_bytes_but_accepts_a_larger_event_alone() {
    let table = Table::default();
    let batcher = Batcher::new(
        table.clone(),
        BatchLimits {
            queue_bytes: 100,
            ..limits()
        },
    );
    batcher.submit(1, 1000).unwrap();
    assert_eq!(batcher.submit(2, 1).unwrap_err(), Busy::Full);
    assert_eq!(table.outcome(1).await, Outcome::Stored);
    batcher.submit(3, 60).unwrap();
    assert_eq!(batcher.submit(4, 60).unwrap_err(), Busy::Full);
    batcher.submit(5, 40).unwrap();
    assert_eq!(table.outcomes([3, 5]).await, stored(2));
    assert_eq!(batcher.counts().queue_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn settles_every_event_of_a_failed_batch_and_tries_the_next() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    *table.0.down.lock().unwrap() = true;
    assert_eq!(
        all(&batcher, &table, 1..=4).await,
        vec![Outcome::Unavailable("down".into()); 4]
    );
    assert_eq!(
        table.0.calls.load(Ordering::SeqCst),
        1,
        "a batch whose store is down is not divided"
    );
    *table.0.down.lock().unwrap() = false;
    assert_eq!(all(&batcher, &table, 5..=6).await, stored(2));
}

#[tokio::test(start_paused = true)]
async fn rejects_a_bad_event_and_stores_the_others_of_its_batch() {
    for bad in 1..=8u32 {
        let table = Table::default();
        let batcher = Batcher::new(
            table.clone(),
            BatchLimits {
                batch_events: 8,
                ..limits()
            },
        );
        table.0.reject.lock().unwrap().insert(bad);
        let outcomes = all(&batcher, &table, 1..=8).await;
        for (event, outcome) in (1..=8).zip(outcomes) {
            let expected = if event == bad {
                Outcome::Rejected("bad row".into())
            } else {
                Outcome::Stored
            };
            assert_eq!(outcome, expected, "event {event} beside bad event {bad}");
        }
        let stored: Vec<u32> = table.batches().concat();
        assert_eq!(
            stored,
            (1..=8).filter(|event| *event != bad).collect::<Vec<_>>(),
            "each once, in order"
        );
        assert_eq!((batcher.counts().rejected, batcher.counts().stored), (1, 7));
    }
}

#[tokio::test(start_paused = true)]
async fn settles_the_rest_at_once_if_the_store_fails_while_a_batch_is_divided() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    table.0.reject.lock().unwrap().insert(4);
    for event in 1..=4 {
        batcher.submit(event, 1).unwrap();
    }
    sleep(25 * MS).await;
    *table.0.down.lock().unwrap() = true;
    let outcomes = table.outcomes(1..=4).await;
    assert_eq!(outcomes[..2], stored(2)[..]);
    assert_eq!(outcomes[2..], vec![Outcome::Unavailable("down".into()); 2][..]);
}

#[tokio::test(start_paused = true)]
async fn goes_on_with_the_next_batch_after_one_that_hangs() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    table.0.hang.lock().unwrap().insert(1);
    let begin = Instant::now();
    assert_eq!(
        all(&batcher, &table, 1..=2).await,
        vec![Outcome::Unavailable("the store took too long".into()); 2]
    );
    assert_eq!(begin.elapsed(), STORE_TIME);
    assert_eq!(all(&batcher, &table, [3]).await, stored(1));
}

#[tokio::test(start_paused = true)]
async fn bounds_stores_that_never_return() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    table.0.hang.lock().unwrap().insert(1);
    for _ in 0..20 {
        assert!(matches!(
            all(&batcher, &table, [1]).await[..],
            [Outcome::Unavailable(_)]
        ));
    }
    assert_eq!(table.0.held.load(Ordering::SeqCst), limits().abandoned + 1);
}

#[tokio::test(start_paused = true)]
async fn goes_on_with_the_next_batch_after_a_panic() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    table.0.panic.lock().unwrap().insert(1);
    assert_eq!(
        all(&batcher, &table, [1]).await,
        [Outcome::Unavailable("the store panicked".into())]
    );
    assert_eq!(all(&batcher, &table, [2]).await, stored(1));
}

#[tokio::test(start_paused = true)]
async fn stores_what_waits_and_accepts_nothing_once_closed() {
    let table = Table::default();
    let batcher = Batcher::new(
        table.clone(),
        BatchLimits {
            linger: 500 * MS,
            ..limits()
        },
    );
    all(&batcher, &table, 1..=2).await;
    batcher.submit(3, 1).unwrap();
    batcher.close();
    assert_eq!(batcher.submit(4, 1).unwrap_err(), Busy::Closed);
    let begin = Instant::now();
    assert!(batcher.drained(STORE_TIME).await);
    assert_eq!(begin.elapsed(), 10 * MS, "a drain does not linger");
    assert_eq!(table.outcome(3).await, Outcome::Stored);
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_drain_within_its_limit() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    table.0.hang.lock().unwrap().insert(1);
    batcher.submit(1, 1).unwrap();
    let begin = Instant::now();
    assert!(!batcher.drained(Duration::from_secs(2)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn settles_what_waits_when_dropped() {
    let table = Table::default();
    let batcher = Batcher::new(table.clone(), limits());
    batcher.submit(1, 1).unwrap();
    drop(batcher);
    assert!(matches!(table.outcome(1).await, Outcome::Unavailable(_)));
}
