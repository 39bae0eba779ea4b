//! When the executions of stored events are started: at once, or after a burst; under tokio's paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, Instant};
use webhook_dispatch::{Start, StartLimits, Starter};

const MS: Duration = Duration::from_millis(1);

fn limits() -> StartLimits {
    StartLimits {
        share: 10,
        window: 1000 * MS,
        burst: 10_000 * MS,
        quiet: 300 * MS,
        waiting: 1000,
        chunk: 100,
        start_time: Duration::from_secs(5),
    }
}

/// Notes what was started and when.
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
            .find(|(started, _)| *started == id)
            .expect("started")
            .1
    }
}

impl Start for Queue {
    type Id = u32;
    async fn start(&self, ids: Vec<u32>) {
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
async fn starts_a_single_event_at_once() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    starter.add([1]);
    sleep(MS).await;
    assert_eq!(queue.when(1), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn starts_a_steady_load_within_the_share_without_a_wait() {
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
async fn stores_a_burst_first_and_starts_its_events_afterwards() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..350 {
        starter.add([id]);
        sleep(10 * MS).await;
    }
    // A share before it was known to be a burst.
    assert_eq!(queue.ids(), (0..10).collect::<Vec<_>>());
    sleep(limits().quiet).await;
    assert_eq!(queue.ids(), (0..350).collect::<Vec<_>>(), "in their order, each once");
    assert_eq!(starter.counts().started, 350);
}

#[tokio::test(start_paused = true)]
async fn grants_the_share_again_during_a_burst_that_does_not_end() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..600 {
        starter.add([id]);
        sleep(50 * MS).await;
    }
    let started = |second: u64| {
        let within = |id: &u32| queue.when(*id).as_secs() == second;
        queue.ids().iter().filter(|id| within(id)).count()
    };
    assert_eq!([started(0), started(1), started(9)], [10, 0, 0]);
    assert_eq!([started(12), started(20), started(28)], [10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn catches_up_once_the_load_falls_back_to_its_share() {
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
async fn bounds_what_waits() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), limits());
    for id in 0..60 {
        starter.add(id * 50..(id + 1) * 50);
        sleep(10 * MS).await;
        assert!(starter.counts().waiting <= limits().waiting);
    }
}

#[tokio::test(start_paused = true)]
async fn goes_on_after_a_start_that_panics_or_hangs() {
    let queue = Queue::new();
    let starter = Starter::new(queue.clone(), StartLimits { chunk: 1, ..limits() });
    starter.add([666, 1, 777, 2]);
    sleep(6 * limits().start_time).await;
    assert_eq!(queue.ids(), [1, 2]);
}
