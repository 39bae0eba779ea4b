//! Permits, which event gets one next, time limits, and an execution that fails, hangs or panics; under tokio's paused clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{sleep, Instant};
use webhook_dispatch::{Execute, ExecutionOutcome, Gate, GateLimits};

const MS: Duration = Duration::from_millis(1);
const WAIT: Duration = Duration::from_secs(50);
const HOLD: Duration = Duration::from_secs(600);

#[derive(Clone, Copy)]
enum Work {
    Take(u64),
    Fail,
    Panic,
    Hang,
}

#[derive(Clone, Default)]
struct Engine {
    begun: Arc<Mutex<Vec<u64>>>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Execute for Engine {
    type Key = u64;
    type Event = (u64, Work);
    type Output = u64;

    async fn execute(&self, (id, work): (u64, Work)) -> Result<u64, String> {
        self.begun.lock().unwrap().push(id);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let result = match work {
            Work::Take(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(id)
            }
            Work::Fail => Err("broken".to_string()),
            Work::Panic => panic!("asked to"),
            Work::Hang => std::future::pending().await,
        };
        self.now.fetch_sub(1, Ordering::SeqCst);
        self.ended.fetch_add(1, Ordering::SeqCst);
        result
    }
}

fn gate_with(limits: GateLimits) -> (Engine, Arc<Gate<Engine>>) {
    let engine = Engine::default();
    (engine.clone(), Arc::new(Gate::new(engine, limits)))
}

fn gate(permits: usize, queue: usize) -> (Engine, Arc<Gate<Engine>>) {
    gate_with(GateLimits {
        permits,
        queue,
        wait: WAIT,
        hold: Some(HOLD),
    })
}

fn pass(
    gate: &Arc<Gate<Engine>>,
    key: u64,
    id: u64,
    work: Work,
    limit: Option<Duration>,
) -> tokio::task::JoinHandle<ExecutionOutcome<u64>> {
    let gate = Arc::clone(gate);
    tokio::spawn(async move { gate.pass(key, (id, work), limit).await })
}

#[tokio::test(start_paused = true)]
async fn executes_no_more_events_at_a_time_than_there_are_permits() {
    let (engine, gate) = gate(3, 100);
    let passes: Vec<_> = (0..20).map(|id| pass(&gate, id, id, Work::Take(10), None)).collect();
    for (id, pass) in passes.into_iter().enumerate() {
        assert_eq!(pass.await.unwrap(), ExecutionOutcome::Done(id as u64));
    }
    assert_eq!(engine.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn gives_one_key_at_most_half_of_the_permits() {
    for (permits, most) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4)] {
        let (engine, gate) = gate(permits, 100);
        let passes: Vec<_> = (0..20).map(|id| pass(&gate, 1, id, Work::Take(10), None)).collect();
        for pass in passes {
            pass.await.unwrap();
        }
        assert_eq!(engine.most.load(Ordering::SeqCst), most, "{permits} permits");
    }
}

#[tokio::test(start_paused = true)]
async fn gives_one_key_at_most_half_of_the_line() {
    let (_, gate) = gate(2, 10);
    let many: Vec<_> = (0..20).map(|id| pass(&gate, 1, id, Work::Take(10), None)).collect();
    sleep(MS).await;
    assert_eq!((gate.counts().executing, gate.counts().waiting), (1, 5));
    let other = pass(&gate, 2, 100, Work::Take(10), None);
    assert_eq!(other.await.unwrap(), ExecutionOutcome::Done(100));
    let mut done = 0;
    for pass in many {
        done += usize::from(pass.await.unwrap() != ExecutionOutcome::Busy);
    }
    assert_eq!(done, 6);
}

#[tokio::test(start_paused = true)]
async fn gives_keys_that_wait_their_turns_in_rotation() {
    let (engine, gate) = gate(1, 100);
    let mut passes = Vec::new();
    for (key, id) in [(1, 10), (1, 11), (1, 12), (1, 13), (2, 20), (2, 21), (3, 30)] {
        passes.push(pass(&gate, key, id, Work::Take(10), None));
        tokio::task::yield_now().await;
    }
    for pass in passes {
        pass.await.unwrap();
    }
    assert_eq!(*engine.begun.lock().unwrap(), [10, 11, 20, 30, 12, 21, 13]);
}

#[tokio::test(start_paused = true)]
async fn starts_executions_of_one_key_in_the_order_of_arrival() {
    let (engine, gate) = gate(1, 100);
    let mut passes = Vec::new();
    for id in 0..20 {
        passes.push(pass(&gate, 1, id, Work::Take(20 - id), None));
        tokio::task::yield_now().await;
    }
    for pass in passes {
        pass.await.unwrap();
    }
    assert_eq!(*engine.begun.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn returns_busy_at_once_when_the_line_is_full() {
    let (_, gate) = gate(1, 2);
    let passes: Vec<_> = (0..3).map(|id| pass(&gate, id, id, Work::Take(10), None)).collect();
    sleep(MS).await;
    let begin = Instant::now();
    assert_eq!(gate.pass(3, (3, Work::Take(10)), None).await, ExecutionOutcome::Busy);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!((gate.counts().executing, gate.counts().waiting), (1, 2));
    for (id, pass) in passes.into_iter().enumerate() {
        assert_eq!(pass.await.unwrap(), ExecutionOutcome::Done(id as u64));
    }
    assert_eq!(gate.pass(4, (4, Work::Take(10)), None).await, ExecutionOutcome::Done(4));
}

#[tokio::test(start_paused = true)]
async fn returns_busy_and_never_starts_what_waited_in_line_for_as_long_as_it_may() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Work::Take(60_000), None);
    sleep(MS).await;
    let begin = Instant::now();
    // A longer time limit of its own is for the execution, not for the line.
    assert_eq!(
        gate.pass(1, (2, Work::Take(1)), Some(HOLD)).await,
        ExecutionOutcome::Busy
    );
    assert_eq!(begin.elapsed(), WAIT);
    assert_eq!(gate.counts().waiting, 0);
    assert_eq!(first.await.unwrap(), ExecutionOutcome::Done(1));
    sleep(HOLD).await;
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn counts_a_time_limit_from_the_beginning_of_the_execution() {
    let (_, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Work::Take(30_000), None);
    sleep(MS).await;
    let limit = Duration::from_secs(20);
    assert_eq!(
        gate.pass(1, (2, Work::Take(15_000)), Some(limit)).await,
        ExecutionOutcome::Done(2)
    );
    assert_eq!(first.await.unwrap(), ExecutionOutcome::Done(1));
}

#[tokio::test(start_paused = true)]
async fn returns_timed_out_at_the_time_limit_and_leaves_the_execution_alone() {
    let (engine, gate) = gate(1, 10);
    let begin = Instant::now();
    assert_eq!(
        gate.pass(1, (1, Work::Take(100)), Some(40 * MS)).await,
        ExecutionOutcome::TimedOut
    );
    assert_eq!(begin.elapsed(), 40 * MS);
    assert_eq!(engine.ended.load(Ordering::SeqCst), 0);
    sleep(61 * MS).await;
    assert_eq!(engine.ended.load(Ordering::SeqCst), 1);
    assert_eq!(gate.counts().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn holds_a_permit_past_the_time_limit_until_the_execution_ends() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Work::Take(100)), Some(40 * MS)).await,
        ExecutionOutcome::TimedOut
    );
    let begin = Instant::now();
    assert_eq!(gate.pass(2, (2, Work::Take(1)), None).await, ExecutionOutcome::Done(2));
    assert_eq!(begin.elapsed(), 61 * MS);
}

#[tokio::test(start_paused = true)]
async fn takes_a_permit_back_from_a_hanging_execution_after_the_longest_hold() {
    for limit in [None, Some(10 * MS)] {
        let (_, gate) = gate(1, 10);
        let begin = Instant::now();
        let hung = pass(&gate, 1, 1, Work::Hang, limit);
        sleep(HOLD - MS).await;
        assert_eq!(gate.counts().executing, 1);
        assert_eq!(gate.pass(2, (2, Work::Take(0)), None).await, ExecutionOutcome::Done(2));
        assert_eq!(begin.elapsed(), HOLD);
        assert_eq!(hung.await.unwrap(), ExecutionOutcome::TimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn holds_a_permit_for_an_own_time_limit_longer_than_the_longest_hold() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Work::Take(700_000)), Some(2 * HOLD)).await,
        ExecutionOutcome::Done(1)
    );
}

#[tokio::test(start_paused = true)]
async fn never_takes_a_permit_back_without_a_longest_hold() {
    let (_, gate) = gate_with(GateLimits {
        permits: 1,
        queue: 10,
        wait: WAIT,
        hold: None,
    });
    assert_eq!(
        gate.pass(1, (1, Work::Take(10_000_000)), None).await,
        ExecutionOutcome::Done(1)
    );
}

#[tokio::test(start_paused = true)]
async fn drops_a_caller_that_hangs_up_while_it_waits() {
    let (engine, gate) = gate(1, 1);
    let first = pass(&gate, 1, 1, Work::Take(100), None);
    sleep(MS).await;
    let second = pass(&gate, 2, 2, Work::Take(1), None);
    sleep(MS).await;
    second.abort();
    sleep(MS).await;
    assert_eq!(gate.counts().waiting, 0);
    let third = pass(&gate, 3, 3, Work::Take(1), None);
    first.await.unwrap();
    assert_eq!(third.await.unwrap(), ExecutionOutcome::Done(3));
    assert_eq!(*engine.begun.lock().unwrap(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn keeps_an_execution_and_its_permit_when_its_caller_hangs_up() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Work::Take(100), None);
    sleep(MS).await;
    first.abort();
    let begin = Instant::now();
    assert_eq!(gate.pass(1, (2, Work::Take(1)), None).await, ExecutionOutcome::Done(2));
    assert_eq!(begin.elapsed(), 100 * MS);
    assert_eq!(engine.ended.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn takes_a_permit_back_from_an_execution_that_fails_or_panics() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Work::Fail), None).await,
        ExecutionOutcome::Failed("broken".into())
    );
    assert_eq!(
        gate.pass(1, (2, Work::Panic), None).await,
        ExecutionOutcome::Failed("the execution panicked".into())
    );
    assert_eq!(gate.pass(1, (3, Work::Take(1)), None).await, ExecutionOutcome::Done(3));
}

#[tokio::test(start_paused = true)]
async fn begins_nothing_closes_the_line_and_drains_what_is_executing_once_closed() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Work::Take(100), None);
    sleep(MS).await;
    let second = pass(&gate, 1, 2, Work::Take(100), None);
    sleep(MS).await;
    gate.close();
    let begin = Instant::now();
    assert_eq!(second.await.unwrap(), ExecutionOutcome::Closed);
    assert_eq!(gate.pass(2, (3, Work::Take(1)), None).await, ExecutionOutcome::Closed);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(gate.drained(HOLD).await);
    assert_eq!(first.await.unwrap(), ExecutionOutcome::Done(1));
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
    assert_eq!((gate.counts().executing, gate.counts().waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_drain_within_its_limit() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Work::Hang), Some(10 * MS)).await,
        ExecutionOutcome::TimedOut
    );
    gate.close();
    let begin = Instant::now();
    assert!(!gate.drained(Duration::from_secs(2)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
}

/// An event of one of a few keys, how long it takes, when it comes, and when its caller hangs up, in milliseconds.
#[derive(Debug, Clone)]
struct Sent {
    key: u64,
    takes: u64,
    comes: u64,
    hangs_up: Option<u64>,
}

fn sent() -> impl Strategy<Value = Sent> {
    (0..4u64, 0..40u64, 0..100u64, proptest::option::weighted(0.2, 0..60u64)).prop_map(
        |(key, takes, comes, hangs_up)| Sent {
            key,
            takes,
            comes,
            hangs_up,
        },
    )
}

/// Counts what is executing of each key, and checks the bounds each time something begins.
#[derive(Clone)]
struct Watched {
    permits: usize,
    executing: Arc<Mutex<HashMap<u64, usize>>>,
}

impl Execute for Watched {
    type Key = u64;
    type Event = Sent;
    type Output = ();

    async fn execute(&self, event: Sent) -> Result<(), String> {
        let (of_key, of_all) = {
            let mut executing = self.executing.lock().unwrap();
            *executing.entry(event.key).or_default() += 1;
            (executing[&event.key], executing.values().sum::<usize>())
        };
        sleep(Duration::from_millis(event.takes)).await;
        *self.executing.lock().unwrap().get_mut(&event.key).unwrap() -= 1;
        if of_all > self.permits || of_key > (self.permits / 2).max(1) {
            return Err(format!("{of_key} of a key and {of_all} of all are executing"));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Events come and callers hang up as they like: the bounds hold, every event that stays in line is executed, and nothing is left.
    #[test]
    fn keeps_its_bounds_and_starves_nobody(permits in 1..7usize, events in proptest::collection::vec(sent(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let outcome = runtime.block_on(async {
            let engine = Watched { permits, executing: Arc::default() };
            // All the time that there can be to wait, and room for all in line.
            let limits = GateLimits { permits, queue: 200, wait: Duration::from_secs(10), hold: None };
            let gate = Arc::new(Gate::new(engine, limits));
            let callers: Vec<_> = events
                .iter()
                .cloned()
                .map(|event| {
                    let gate = Arc::clone(&gate);
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(event.comes)).await;
                        let patience = event.hangs_up.map_or(Duration::from_secs(20), Duration::from_millis);
                        let hangs_up = event.hangs_up.is_some();
                        match tokio::time::timeout(patience, gate.pass(event.key, event, None)).await {
                            Ok(outcome) => (outcome, hangs_up),
                            Err(_) => (ExecutionOutcome::Busy, true),
                        }
                    })
                })
                .collect();
            for caller in callers {
                let (outcome, hangs_up) = caller.await.unwrap();
                if outcome != ExecutionOutcome::Done(()) && !(hangs_up && outcome == ExecutionOutcome::Busy) {
                    return Err(format!("{outcome:?}"));
                }
            }
            if !gate.drained(Duration::from_secs(10)).await {
                return Err("a permit is never given back".to_string());
            }
            let counts = gate.counts();
            if (counts.executing, counts.waiting) != (0, 0) {
                return Err(format!("{counts:?}"));
            }
            Ok(())
        });
        prop_assert_eq!(outcome, Ok(()));
    }

    /// However many events of another key wait, the first one of a key begins after one execution of each key before it.
    #[test]
    fn makes_a_key_wait_for_at_most_one_execution_of_each_other_key(others in 1..6u64, crowd in 1..30u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let waited = runtime.block_on(async {
            let (_, gate) = gate(1, 1000);
            for key in 0..others {
                for id in 0..crowd {
                    pass(&gate, key, id, Work::Take(10), None);
                    tokio::task::yield_now().await;
                }
            }
            let begin = Instant::now();
            gate.pass(others, (0, Work::Take(0)), None).await;
            begin.elapsed()
        });
        // The one that is executing when it comes, and one of each.
        prop_assert!(waited <= Duration::from_millis(10 * (others + 1)), "waited {:?}", waited);
    }
}
