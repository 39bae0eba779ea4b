//! Permits, their order, deadlines, and a run that fails, hangs or panics; under tokio's paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, Instant};
use webhook_dispatch::{Gate, GateLimits, Run, RunOutcome};

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

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

fn gate(permits: usize, queue: usize) -> (Engine, Arc<Gate<Engine>>) {
    let engine = Engine::default();
    (
        engine.clone(),
        Arc::new(Gate::new(engine, GateLimits { permits, queue })),
    )
}

fn pass(gate: &Arc<Gate<Engine>>, id: u64, job: Job, deadline: Duration) -> tokio::task::JoinHandle<RunOutcome<u64>> {
    let gate = Arc::clone(gate);
    tokio::spawn(async move { gate.pass((id, job), deadline).await })
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_a_time_than_there_are_permits() {
    let (engine, gate) = gate(3, 100);
    let calls: Vec<_> = (0..20).map(|id| pass(&gate, id, Job::Take(10), LONG)).collect();
    for (id, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), RunOutcome::Done(id as u64));
    }
    assert_eq!(engine.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn calls_begin_in_the_order_in_which_they_came() {
    let (engine, gate) = gate(1, 100);
    let mut calls = Vec::new();
    for id in 0..20 {
        calls.push(pass(&gate, id, Job::Take(20 - id), LONG));
        tokio::task::yield_now().await;
    }
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*engine.begun.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_of_the_queue_a_call_is_busy_at_once() {
    let (_, gate) = gate(1, 2);
    let calls: Vec<_> = (0..3).map(|id| pass(&gate, id, Job::Take(10), LONG)).collect();
    sleep(MS).await;
    let begin = Instant::now();
    assert_eq!(gate.pass((3, Job::Take(10)), LONG).await, RunOutcome::Busy);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!((gate.counts().running, gate.counts().waiting), (1, 2));
    for (id, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), RunOutcome::Done(id as u64));
    }
    assert_eq!(gate.pass((4, Job::Take(10)), LONG).await, RunOutcome::Done(4));
}

#[tokio::test(start_paused = true)]
async fn a_run_past_its_deadline_is_answered_then_and_left_alone() {
    let (engine, gate) = gate(1, 10);
    let begin = Instant::now();
    assert_eq!(gate.pass((1, Job::Take(100)), 40 * MS).await, RunOutcome::TimedOut);
    assert_eq!(begin.elapsed(), 40 * MS);
    assert_eq!(engine.ended.load(Ordering::SeqCst), 0);
    sleep(61 * MS).await;
    assert_eq!(engine.ended.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_timed_out_holds_its_permit_until_it_really_ends() {
    let (_, gate) = gate(1, 10);
    assert_eq!(gate.pass((1, Job::Take(100)), 40 * MS).await, RunOutcome::TimedOut);
    let begin = Instant::now();
    assert_eq!(gate.pass((2, Job::Take(1)), LONG).await, RunOutcome::Done(2));
    assert_eq!(begin.elapsed(), 61 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_turn_does_not_come_before_its_deadline_is_busy_and_never_runs() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, Job::Take(100), LONG);
    sleep(MS).await;
    assert_eq!(gate.pass((2, Job::Take(1)), 50 * MS).await, RunOutcome::Busy);
    first.await.unwrap();
    sleep(LONG).await;
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_hangs_up_while_it_waits_leaves_the_queue_and_runs_nothing() {
    let (engine, gate) = gate(1, 1);
    let first = pass(&gate, 1, Job::Take(100), LONG);
    sleep(MS).await;
    let second = pass(&gate, 2, Job::Take(1), LONG);
    sleep(MS).await;
    second.abort();
    sleep(MS).await;
    assert_eq!(gate.counts().waiting, 0);
    let third = pass(&gate, 3, Job::Take(1), LONG);
    first.await.unwrap();
    assert_eq!(third.await.unwrap(), RunOutcome::Done(3));
    assert_eq!(*engine.begun.lock().unwrap(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_caller_hangs_up_goes_on_and_gives_its_permit_back() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, Job::Take(100), LONG);
    sleep(MS).await;
    first.abort();
    assert_eq!(gate.pass((2, Job::Take(1)), LONG).await, RunOutcome::Done(2));
    assert_eq!(engine.ended.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_or_panics_gives_its_permit_back() {
    let (_, gate) = gate(1, 10);
    assert_eq!(
        gate.pass((1, Job::Fail), LONG).await,
        RunOutcome::Failed("broken".into())
    );
    assert_eq!(
        gate.pass((2, Job::Panic), LONG).await,
        RunOutcome::Failed("the run panicked".into())
    );
    assert_eq!(gate.pass((3, Job::Take(1)), LONG).await, RunOutcome::Done(3));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_takes_one_permit_and_leaves_the_others() {
    let (_, gate) = gate(2, 10);
    assert_eq!(gate.pass((1, Job::Hang), 10 * MS).await, RunOutcome::TimedOut);
    for id in 2..10 {
        assert_eq!(gate.pass((id, Job::Take(1)), LONG).await, RunOutcome::Done(id));
    }
    assert_eq!(gate.counts().running, 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_lets_nobody_in_and_its_drain_waits_for_what_runs() {
    let (engine, gate) = gate(1, 10);
    let first = pass(&gate, 1, Job::Take(100), LONG);
    sleep(MS).await;
    let second = pass(&gate, 2, Job::Take(100), LONG);
    sleep(MS).await;
    gate.close();
    assert_eq!(gate.pass((3, Job::Take(1)), LONG).await, RunOutcome::Closed);
    assert!(gate.drained(LONG).await);
    assert_eq!(first.await.unwrap(), RunOutcome::Done(1));
    assert_eq!(second.await.unwrap(), RunOutcome::Closed);
    assert_eq!(*engine.begun.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_within_its_limit() {
    let (_, gate) = gate(1, 10);
    assert_eq!(gate.pass((1, Job::Hang), 10 * MS).await, RunOutcome::TimedOut);
    gate.close();
    let begin = Instant::now();
    assert!(!gate.drained(Duration::from_secs(2)).await);
    assert_eq!(begin.elapsed(), Duration::from_secs(2));
}
