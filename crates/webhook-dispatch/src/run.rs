//! Executes stored events, several at a time, those of a lane in their order.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout, timeout_at, Instant};

/// Claims and executes stored events.
pub trait Run: Send + Sync + 'static {
    /// What names a stored event.
    type Id: Clone + Send + Sync + 'static;

    /// Claims events, at least the first, so that no other process executes them. Fails if nothing is known to be claimed; the events
    /// are tried again later.
    fn claim(&self, ids: Vec<Self::Id>) -> impl Future<Output = Result<Claims<Self::Id>, ClaimFailed>> + Send;

    /// Executes one claimed event to its end, or until it waits for something. It reports its own failures.
    fn execute(&self, id: Self::Id) -> impl Future<Output = ()> + Send;

    /// Gives claimed events back. They may be claimed again.
    fn release(&self, ids: Vec<Self::Id>) -> impl Future<Output = ()> + Send;

    /// How many lanes may execute at a time, now. Taken as at least one, so that a busy neighbour can't stop the lanes for good.
    fn slots(&self) -> usize;
}

/// What became of the events that were to be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims<I> {
    /// Those that are ours now, in their order. What is in neither list belongs to another process or is gone.
    pub claimed: Vec<I>,
    /// The last ones, if they have to be claimed by themselves when their turn comes.
    pub later: Vec<I>,
}

/// Claiming failed as a whole: the database is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimFailed;

/// How much a [`Runner`] claims and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// The most events that are claimed together.
    pub claim: usize,
    /// How long the events of a claim should take: as many are claimed as the lane executed in this time before. Those that haven't
    /// begun by then are given back.
    pub turn: Duration,
    /// How long a lane rests after a claim that failed.
    pub rest: Duration,
}

/// What a [`Runner`] has done and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Events executed.
    pub executed: u64,
    /// Events waiting now.
    pub waiting: usize,
    /// Lanes executing now.
    pub running: usize,
}

/// The events of one webhook.
struct Lane<I> {
    waiting: VecDeque<I>,
    /// Chains of executions, one event after another.
    running: usize,
    /// The most chains at a time.
    width: usize,
    /// How many events to claim next.
    claim: usize,
    /// Until when nothing is claimed.
    rests: Option<Instant>,
    /// Whether it is among [`State::turns`].
    in_line: bool,
}

impl<I> Lane<I> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            running: 0,
            width: 1,
            claim: 1,
            rests: None,
            in_line: false,
        }
    }

    fn may_begin(&self, now: Instant) -> bool {
        self.running < self.width && self.rests.is_none_or(|until| until <= now)
    }
}

struct State<I> {
    lanes: HashMap<u32, Lane<I>>,
    /// Lanes with waiting events, the next one to get a slot first.
    turns: VecDeque<u32>,
    running: usize,
    executed: u64,
    waiting: usize,
    paused: bool,
    closed: bool,
}

impl<I> State<I> {
    fn lane(&mut self, lane: u32) -> &mut Lane<I> {
        self.lanes.entry(lane).or_insert_with(Lane::new)
    }

    /// Puts a lane in line for a slot if it has events.
    fn queue(&mut self, number: u32) {
        let lane = self.lane(number);
        if !lane.waiting.is_empty() && !lane.in_line {
            lane.in_line = true;
            self.turns.push_back(number);
        }
    }

    /// Takes the events of the lane whose turn it is, and gives it a slot.
    fn next(&mut self, slots: usize, limits: &RunLimits) -> Option<(u32, Vec<I>)> {
        if self.closed || self.paused || self.running >= slots.max(1) {
            return None;
        }
        let now = Instant::now();
        let turn = self
            .turns
            .iter()
            .position(|lane| self.lanes.get(lane).is_some_and(|lane| lane.may_begin(now)))?;
        let number = self.turns.remove(turn)?;
        let lane = self.lane(number);
        lane.in_line = false;
        // Several chains of a lane share what waits.
        let share = lane.waiting.len().div_ceil(lane.width);
        let count = lane.claim.min(limits.claim).min(share).max(1);
        let ids: Vec<_> = lane.waiting.drain(..count.min(lane.waiting.len())).collect();
        lane.running += 1;
        self.running += 1;
        self.waiting -= ids.len();
        self.queue(number);
        Some((number, ids))
    }
}

struct Shared<R: Run> {
    run: R,
    limits: RunLimits,
    /// The runtime that it was created on: events are added from other threads.
    runtime: Handle,
    state: Mutex<State<R::Id>>,
    idle: Notify,
}

impl<R: Run> Shared<R> {
    fn state(&self) -> MutexGuard<'_, State<R::Id>> {
        // Nothing that can panic runs under this lock, so a poisoned one still holds a whole state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives every free slot to a lane.
    fn fill(self: &Arc<Self>) {
        // Asked before locking, since it may look at other locks.
        let slots = self.run.slots();
        loop {
            let Some((lane, ids)) = self.state().next(slots, &self.limits) else {
                return;
            };
            let slot = Slot {
                shared: Arc::clone(self),
                lane,
            };
            self.runtime.spawn(async move { slot.run(ids).await });
        }
    }

    /// Puts events back in line, before those that came later.
    fn put_back(&self, lane: u32, ids: Vec<R::Id>) {
        let mut state = self.state();
        state.waiting += ids.len();
        let waiting = &mut state.lane(lane).waiting;
        ids.into_iter().rev().for_each(|id| waiting.push_front(id));
        state.queue(lane);
    }
}

/// The right of a lane to execute one event after another, returned when it is dropped.
struct Slot<R: Run> {
    shared: Arc<Shared<R>>,
    lane: u32,
}

impl<R: Run> Slot<R> {
    /// Claims events and executes those that are ours.
    async fn run(self, ids: Vec<R::Id>) {
        let began = Instant::now();
        let shared = &self.shared;
        let retry = ids.clone();
        // Tasks of their own, here and below: a panic ends only that task.
        let claim = tokio::spawn({
            let shared = Arc::clone(shared);
            async move { shared.run.claim(ids).await }
        });
        let Ok(Ok(Claims { claimed, later })) = claim.await else {
            self.rest(retry);
            return;
        };
        let tried = retry.len() - later.len();
        shared.put_back(self.lane, later);
        let mut mine = VecDeque::from(claimed);
        while let Some(id) = mine.pop_front() {
            let mut execution = tokio::spawn({
                let shared = Arc::clone(shared);
                async move { shared.run.execute(id).await }
            });
            // A panic is one of the failures that an execution can't report.
            if timeout_at(began + shared.limits.turn, &mut execution).await.is_err() {
                self.give_back(&mut mine).await;
                let _ = execution.await;
            }
            let closed = {
                let mut state = shared.state();
                state.executed += 1;
                state.closed
            };
            if closed {
                self.give_back(&mut mine).await;
            }
        }
        let took = began.elapsed();
        let mut state = shared.state();
        let claim = &mut state.lane(self.lane).claim;
        *claim = if took > shared.limits.turn {
            (*claim / 2).max(1)
        } else if tried >= *claim && took * 2 < shared.limits.turn {
            (*claim * 2).min(shared.limits.claim)
        } else {
            *claim
        };
    }

    /// Gives back what is claimed and hasn't begun: while it is claimed, it is in nobody else's reach, and can't be cancelled.
    async fn give_back(&self, mine: &mut VecDeque<R::Id>) {
        if !mine.is_empty() {
            let ids: Vec<_> = mine.drain(..).collect();
            self.shared.run.release(ids.clone()).await;
            self.shared.put_back(self.lane, ids);
        }
    }

    /// Puts back what could not be claimed, and lets the lane rest.
    fn rest(&self, ids: Vec<R::Id>) {
        let shared = &self.shared;
        let rest = shared.limits.rest;
        shared.state().lane(self.lane).rests = Some(Instant::now() + rest);
        shared.put_back(self.lane, ids);
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            sleep(rest).await;
            shared.fill();
        });
    }
}

impl<R: Run> Drop for Slot<R> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.lane(self.lane).running -= 1;
        state.running -= 1;
        let idle = state.running == 0;
        drop(state);
        if idle {
            self.shared.idle.notify_waiters();
        }
        self.shared.fill();
    }
}

/// Executes stored events, a bounded number of lanes at a time, each event once it is claimed.
///
/// A lane is a webhook. Its events are executed in the order in which they were added, one after another, or up to
/// [`set_width`](Runner::set_width) at a time. Lanes that wait take turns, and a turn is short, so a lane with many events doesn't
/// keep others waiting.
///
/// Dropping the runner, or closing it, loses nothing: what waits is stored and unclaimed, and what is claimed and hasn't begun is
/// given back.
///
/// ```text
/// 2 slots    executing: a1 b1    waiting of a: a2 a3, of b: none, of c: c1
///            a1 ends: c1 begins, since it is the turn of c; b1 ends: a2 begins
/// ```
pub struct Runner<R: Run> {
    shared: Arc<Shared<R>>,
}

impl<R: Run> Runner<R> {
    /// Returns a runner on the current tokio runtime. It claims nothing until [`resume`](Runner::resume) is called.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(run: R, limits: RunLimits) -> Self {
        let state = State {
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            running: 0,
            executed: 0,
            waiting: 0,
            paused: true,
            closed: false,
        };
        Self {
            shared: Arc::new(Shared {
                run,
                limits,
                runtime: Handle::current(),
                state: Mutex::new(state),
                idle: Notify::new(),
            }),
        }
    }

    /// Begins to claim and execute.
    pub fn resume(&self) {
        self.shared.state().paused = false;
        self.shared.fill();
    }

    /// Puts stored events in line, behind those of their lane that wait.
    pub fn add(&self, events: impl IntoIterator<Item = (u32, R::Id)>) {
        let mut state = self.shared.state();
        for (lane, id) in events {
            state.lane(lane).waiting.push_back(id);
            state.waiting += 1;
            state.queue(lane);
        }
        drop(state);
        self.shared.fill();
    }

    /// Puts stored events in line, before those of their lane that wait. They were stored earlier.
    pub fn add_first(&self, lane: u32, ids: Vec<R::Id>) {
        self.shared.put_back(lane, ids);
        self.shared.fill();
    }

    /// Sets how many events of a lane are executed at a time; 1 until this is called. At least one.
    pub fn set_width(&self, lane: u32, width: usize) {
        self.shared.state().lane(lane).width = width.max(1);
        self.shared.fill();
    }

    /// Looks again whether something can begin, after [`Run::slots`] has changed.
    pub fn wake(&self) {
        self.shared.fill();
    }

    /// Claims nothing further. What is being executed goes on; what is claimed and hasn't begun is given back.
    pub fn close(&self) {
        self.shared.state().closed = true;
    }

    /// Waits until nothing is being executed, for at most `limit`. Returns whether that is so.
    pub async fn drained(&self, limit: Duration) -> bool {
        timeout(limit, async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.state().running == 0 {
                    return;
                }
                idle.await;
            }
        })
        .await
        .is_ok()
    }

    /// Returns what it has done and holds.
    pub fn counts(&self) -> RunCounts {
        let state = self.shared.state();
        RunCounts {
            executed: state.executed,
            waiting: state.waiting,
            running: state.running,
        }
    }
}

impl<R: Run> Drop for Runner<R> {
    fn drop(&mut self) {
        self.close();
    }
}
