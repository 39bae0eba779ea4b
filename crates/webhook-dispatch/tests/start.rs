//! Stored events are handed on: at once, or after a rush; under tokio's paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, Instant};
use webhook_dispatch::{Publish, StartLimits, Starter};

const MS: Duration = Duration::from_millis(1);

fn limits() -> StartLimits {
    StartLimits {
        share: 10,
        window: 1000 * MS,
        burst: 10_000 * MS,
        quiet: 300 * MS,
        waiting: 1000,
        chunk: 100,
        publish_time: Duration::from_secs(5),
    }
}

/// Notes what was handed on and when.
#[derive(Clone)]
struct Queue(Instant, Arc<Mutex<Vec<(u32, Duration)>>>);

impl Queue {
    fn new() -> Self {
        Self(Instant::now(), Arc::default())
    }
    fn ids(&self) -> Vec<u32> {
        self.1.lock().unwrap().iter().map(|(id, _)| *id).collect()
    }
    fn when(&self, id: u32) -> Duration {
        self.1
            .lock()
            .unwrap()
            .iter()
            .find(|(handed, _)| *handed == id)
            .expect("handed on")
            .1
    }
}

impl Publish for Queue {
    type Id = u32;
    async fn publish(&self, ids: Vec<u32>) {
        match ids[..] {
            [666] => panic!("asked to"),
            [777] => std::future::pending().await,
            _ => {}
        }
        let now = self.0.elapsed();
        self.1.lock().unwrap().extend(ids.into_iter().map(|id| (id, now)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_alone_is_handed_on_at_once() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    starter.add([1]);
    sleep(MS).await;
    assert_eq!(queue.when(1), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn under_a_steady_load_within_the_share_nothing_waits() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..100 {
        starter.add([id]);
        sleep(110 * MS).await;
    }
    for id in 0..100 {
        assert_eq!(queue.when(id), 110 * MS * id, "event {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rush_goes_first_and_what_it_brought_is_handed_on_once_it_is_over() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..350 {
        starter.add([id]);
        sleep(10 * MS).await;
    }
    // A share before it was known to be a rush.
    assert_eq!(queue.ids(), (0..10).collect::<Vec<_>>());
    sleep(limits().quiet).await;
    assert_eq!(queue.ids(), (0..350).collect::<Vec<_>>(), "in their order, each once");
    assert_eq!(starter.counts().started, 350);
}

#[tokio::test(start_paused = true)]
async fn a_rush_that_does_not_end_gets_its_share_again() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..600 {
        starter.add([id]);
        sleep(50 * MS).await;
    }
    let handed = |second: u64| {
        let within = |id: &u32| queue.when(*id).as_secs() == second;
        queue.ids().iter().filter(|id| within(id)).count()
    };
    assert_eq!([handed(0), handed(1), handed(9)], [10, 0, 0]);
    assert_eq!([handed(12), handed(20), handed(28)], [10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_falls_back_to_its_share_catches_up() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..60 {
        starter.add([id]);
        sleep(50 * MS).await;
    }
    for id in 60..120 {
        starter.add([id]);
        sleep(200 * MS).await;
    }
    assert_eq!(queue.ids(), (0..120).collect::<Vec<_>>());
    assert!(starter.counts().waiting == 0);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_the_bound() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..60 {
        starter.add(id * 50..(id + 1) * 50);
        sleep(10 * MS).await;
        assert!(starter.counts().waiting <= limits().waiting);
    }
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_panics_or_hangs_does_not_stop_the_next() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), StartLimits { chunk: 1, ..limits() });
    starter.add([666, 1, 777, 2]);
    sleep(6 * limits().publish_time).await;
    assert_eq!(queue.ids(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_hands_everything_on_without_waiting_for_the_rush_to_end() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    starter.add(0..500);
    assert!(starter.flush(Duration::from_secs(1)).await);
    assert_eq!(queue.ids(), (0..500).collect::<Vec<_>>());
    assert_eq!(queue.when(499), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_within_its_limit() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), StartLimits { chunk: 1, ..limits() });
    starter.add([777]);
    let begin = Instant::now();
    assert!(!starter.flush(Duration::from_secs(1)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
}
