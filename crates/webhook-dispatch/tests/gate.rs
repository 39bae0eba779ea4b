//! Permits, who gets them next, time limits, and a run that fails, hangs or panics; under tokio's paused clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{sleep, Instant};
use webhook_dispatch::{Gate, GateLimits, Run, RunOutcome};

const MS: Duration = Duration::from_millis(1);
const WAIT: Duration = Duration::from_secs(50);
const HOLD: Duration = Duration::from_secs(600);

#[derive(Clone, Copy)]
enum Job {
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

impl Run for Engine {
    type Key = u64;
    type Job = (u64, Job);
    type Output = u64;

    async fn run(&self, (id, job): (u64, Job)) -> Result<u64, String> {
        self.begun.lock().unwrap().push(id);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let result = match job {
            Job::Take(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(id)
            }
            Job::Fail => Err("broken".to_string()),
            Job::Panic => panic!("asked to"),
            Job::Hang => std::future::pending().await,
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
    job: Job,
    limit: Option<Duration>,
) -> tokio::task::JoinHandle<RunOutcome<u64>> {
    let gate = Arc::clone(gate);
    tokio::spawn(async move { gate.pass(key, (id, job), limit).await })
}

#[tokio::test(start_paused = true)]
async fn runs_no_more_at_a_time_than_there_are_permits() {
    let (engine, gate) = gate(3, 100);
    let calls: Vec<_> = (0..20).map(|id| pass(&gate, id, id, Job::Take(10), None)).collect();
    for (id, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), RunOutcome::Done(id as u64));
    }
    assert_eq!(engine.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn gives_one_key_at_most_half_of_the_permits() {
    for (permits, most) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (8, 4)] {
        let (engine, gate) = gate(permits, 100);
        let calls: Vec<_> = (0..20).map(|id| pass(&gate, 1, id, Job::Take(10), None)).collect();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(engine.most.load(Ordering::SeqCst), most, "{permits} permits");
    }
}

#[tokio::test(start_paused = true)]
async fn gives_one_key_at_most_half_of_the_line() {
    let (_, gate) = gate(2, 10);
    let many: Vec<_> = (0..20).map(|id| pass(&gate, 1, id, Job::Take(10), None)).collect();
    sleep(MS).await;
    assert_eq!((gate.counts().running, gate.counts().waiting), (1, 5));
    let other = pass(&gate, 2, 100, Job::Take(10), None);
    assert_eq!(other.await.unwrap(), RunOutcome::Done(100));
    let mut done = 0;
    for call in many {
        done += usize::from(call.await.unwrap() != RunOutcome::Busy);
    }
    assert_eq!(done, 6);
}

#[tokio::test(start_paused = true)]
async fn gives_keys_that_wait_their_turns_in_rotation() {
    let (engine, gate) = gate(1, 100);
    let mut calls = Vec::new();
    for (key, id) in [(1, 10), (1, 11), (1, 12), (1, 13), (2, 20), (2, 21), (3, 30)] {
        calls.push(pass(&gate, key, id, Job::Take(10), None));
        tokio::task::yield_now().await;
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*engine.begun.lock().unwrap(), [10, 11, 20, 30, 12, 21, 13]);
}

#[tokio::test(start_paused = true)]
async fn starts_executions_of_one_key_in_the_order_of_arrival() {
    let (engine, gate) = gate(1, 100);
    let mut calls = Vec::new();
    for id in 0..20 {
        calls.push(pass(&gate, 1, id, Job::Take(20 - id), None));
        tokio::task::yield_now().await;
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*engine.begun.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn returns_busy_at_once_when_the_line_is_full() {
    let (_, gate) = gate(1, 2);
    let calls: Vec<_> = (0..3).map(|id| pass(&gate, id, id, Job::Take(10), None)).collect();
    sleep(MS).await;
    let begin = Instant::now();
    assert_eq!(gate.pass(3, (3, Job::Take(10)), None).await, RunOutcome::Busy);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!((gate.counts().running, gate.counts().waiting), (1, 2));
    for (id, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), RunOutcome::Done(id as u64));
    }
    assert_eq!(gate.pass(4, (4, Job::Take(10)), None).await, RunOutcome::Done(4));
}

#[tokio::test(start_paused = true)]
async fn returns_busy_and_never_starts_what_waited_in_line_for_as_long_as_it_may() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Job::Take(60_000), None);
    sleep(MS).await;
    let begin = Instant::now();
    // A longer time limit of its own is for the run, not for the line.
    assert_eq!(gate.pass(1, (2, Job::Take(1)), Some(HOLD)).await, RunOutcome::Busy);
    assert_eq!(begin.elapsed(), WAIT);
    assert_eq!(gate.counts().waiting, 0);
    assert_eq!(first.await.unwrap(), RunOutcome::Done(1));
    sleep(HOLD).await;
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn counts_a_time_limit_from_the_beginning_of_the_run() {
    let (_, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Job::Take(30_000), None);
    sleep(MS).await;
    let limit = Duration::from_secs(20);
    assert_eq!(
        gate.pass(1, (2, Job::Take(15_000)), Some(limit)).await,
        RunOutcome::Done(2)
    );
    assert_eq!(first.await.unwrap(), RunOutcome::Done(1));
}

#[tokio::test(start_paused = true)]
async fn returns_timed_out_at_the_time_limit_and_leaves_the_run_alone() {
    let (engine, gate) = gate(1, 10);
    let begin = Instant::now();
    assert_eq!(
        gate.pass(1, (1, Job::Take(100)), Some(40 * MS)).await,
        RunOutcome::TimedOut
    );
    assert_eq!(begin.elapsed(), 40 * MS);
    assert_eq!(engine.ended.load(Ordering::SeqCst), 0);
    sleep(61 * MS).await;
    assert_eq!(engine.ended.load(Ordering::SeqCst), 1);
    assert_eq!(gate.counts().timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn holds_a_permit_past_the_time_limit_until_the_run_ends() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Job::Take(100)), Some(40 * MS)).await,
        RunOutcome::TimedOut
    );
    let begin = Instant::now();
    assert_eq!(gate.pass(2, (2, Job::Take(1)), None).await, RunOutcome::Done(2));
    assert_eq!(begin.elapsed(), 61 * MS);
}

#[tokio::test(start_paused = true)]
async fn takes_a_permit_back_from_a_hanging_run_after_the_longest_hold() {
    for limit in [None, Some(10 * MS)] {
        let (_, gate) = gate(1, 10);
        let begin = Instant::now();
        let hung = pass(&gate, 1, 1, Job::Hang, limit);
        sleep(HOLD - MS).await;
        assert_eq!(gate.counts().running, 1);
        assert_eq!(gate.pass(2, (2, Job::Take(0)), None).await, RunOutcome::Done(2));
        assert_eq!(begin.elapsed(), HOLD);
        assert_eq!(hung.await.unwrap(), RunOutcome::TimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn holds_a_permit_for_an_own_time_limit_longer_than_the_longest_hold() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Job::Take(700_000)), Some(2 * HOLD)).await,
        RunOutcome::Done(1)
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
        gate.pass(1, (1, Job::Take(10_000_000)), None).await,
        RunOutcome::Done(1)
    );
}

#[tokio::test(start_paused = true)]
async fn drops_a_caller_that_hangs_up_while_it_waits() {
    let (engine, gate) = gate(1, 1);
    let first = pass(&gate, 1, 1, Job::Take(100), None);
    sleep(MS).await;
    let second = pass(&gate, 2, 2, Job::Take(1), None);
    sleep(MS).await;
    second.abort();
    sleep(MS).await;
    assert_eq!(gate.counts().waiting, 0);
    let third = pass(&gate, 3, 3, Job::Take(1), None);
    first.await.unwrap();
    assert_eq!(third.await.unwrap(), RunOutcome::Done(3));
    assert_eq!(*engine.begun.lock().unwrap(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn keeps_a_run_and_its_permit_when_its_caller_hangs_up() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Job::Take(100), None);
    sleep(MS).await;
    first.abort();
    let begin = Instant::now();
    assert_eq!(gate.pass(1, (2, Job::Take(1)), None).await, RunOutcome::Done(2));
    assert_eq!(begin.elapsed(), 100 * MS);
    assert_eq!(engine.ended.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn takes_a_permit_back_from_a_run_that_fails_or_panics() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass(1, (1, Job::Fail), None).await,
        RunOutcome::Failed("broken".into())
    );
    assert_eq!(
        gate.pass(1, (2, Job::Panic), None).await,
        RunOutcome::Failed("the run panicked".into())
    );
    assert_eq!(gate.pass(1, (3, Job::Take(1)), None).await, RunOutcome::Done(3));
}

#[tokio::test(start_paused = true)]
async fn starts_nothing_answers_what_waits_and_drains_what_runs_once_closed() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, 1, Job::Take(100), None);
    sleep(MS).await;
    let second = pass(&gate, 1, 2, Job::Take(100), None);
    sleep(MS).await;
    gate.close();
    let begin = Instant::now();
    assert_eq!(second.await.unwrap(), RunOutcome::Closed);
    assert_eq!(gate.pass(2, (3, Job::Take(1)), None).await, RunOutcome::Closed);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(gate.drained(HOLD).await);
    assert_eq!(first.await.unwrap(), RunOutcome::Done(1));
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
    assert_eq!((gate.counts().running, gate.counts().waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_drain_within_its_limit() {
    let (_, gate) = gate(1, 10);
    assert_eq!(gate.pass(1, (1, Job::Hang), Some(10 * MS)).await, RunOutcome::TimedOut);
    gate.close();
    let begin = Instant::now();
    assert!(!gate.drained(Duration::from_secs(2)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
}

/// A call of one of a few keys, how long it takes, when it comes, and when its caller hangs up, in milliseconds.
#[derive(Debug, Clone)]
struct Call {
    key: u64,
    takes: u64,
    comes: u64,
    hangs_up: Option<u64>,
}

fn call() -> impl Strategy<Value = Call> {
    (0..4u64, 0..40u64, 0..100u64, proptest::option::weighted(0.2, 0..60u64)).prop_map(
        |(key, takes, comes, hangs_up)| Call {
            key,
            takes,
            comes,
            hangs_up,
        },
    )
}

/// Counts what runs of each key, and checks the bounds each time something begins.
#[derive(Clone)]
struct Watched {
    permits: usize,
    running: Arc<Mutex<HashMap<u64, usize>>>,
}

impl Run for Watched {
    type Key = u64;
    type Job = Call;
    type Output = ();

    async fn run(&self, call: Call) -> Result<(), String> {
        let (of_key, of_all) = {
            let mut running = self.running.lock().unwrap();
            *running.entry(call.key).or_default() += 1;
            (running[&call.key], running.values().sum::<usize>())
        };
        sleep(Duration::from_millis(call.takes)).await;
        *self.running.lock().unwrap().get_mut(&call.key).unwrap() -= 1;
        if of_all > self.permits || of_key > (self.permits / 2).max(1) {
            return Err(format!("{of_key} of a key and {of_all} of all run"));
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Calls come and hang up as they like: the bounds hold, everyone that stays in line runs, and nothing is left.
    #[test]
    fn keeps_its_bounds_and_starves_nobody(permits in 1..7usize, calls in proptest::collection::vec(call(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let outcome = runtime.block_on(async {
            let engine = Watched { permits, running: Arc::default() };
            // All the time that there can be to wait, and room for all in line.
            let limits = GateLimits { permits, queue: 200, wait: Duration::from_secs(10), hold: None };
            let gate = Arc::new(Gate::new(engine, limits));
            let callers: Vec<_> = calls
                .iter()
                .cloned()
                .map(|call| {
                    let gate = Arc::clone(&gate);
                    tokio::spawn(async move {
                        sleep(Duration::from_millis(call.comes)).await;
                        let patience = call.hangs_up.map_or(Duration::from_secs(20), Duration::from_millis);
                        let hangs_up = call.hangs_up.is_some();
                        match tokio::time::timeout(patience, gate.pass(call.key, call, None)).await {
                            Ok(outcome) => (outcome, hangs_up),
                            Err(_) => (RunOutcome::Busy, true),
                        }
                    })
                })
                .collect();
            for caller in callers {
                let (outcome, hangs_up) = caller.await.unwrap();
                if outcome != RunOutcome::Done(()) && !(hangs_up && outcome == RunOutcome::Busy) {
                    return Err(format!("{outcome:?}"));
                }
            }
            if !gate.drained(Duration::from_secs(10)).await {
                return Err("a permit is never given back".to_string());
            }
            let counts = gate.counts();
            if (counts.running, counts.waiting) != (0, 0) {
                return Err(format!("{counts:?}"));
            }
            Ok(())
        });
        prop_assert_eq!(outcome, Ok(()));
    }

    /// However many calls of another key wait, the first call of a key begins after one run of each key before it.
    #[test]
    fn lets_a_key_wait_for_at_most_one_run_of_each_other_key(others in 1..6u64, crowd in 1..30u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let waited = runtime.block_on(async {
            let (_, gate) = gate(1, 1000);
            for key in 0..others {
                for id in 0..crowd {
                    pass(&gate, key, id, Job::Take(10), None);
                    tokio::task::yield_now().await;
                }
            }
            let begin = Instant::now();
            gate.pass(others, (0, Job::Take(0)), None).await;
            begin.elapsed()
        });
        // The one that runs when it comes, and one of each.
        prop_assert!(waited <= Duration::from_millis(10 * (others + 1)), "waited {:?}", waited);
    }
}
