//! In which order stored events are executed, and how many at a time; under tokio's paused clock.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{sleep, Instant};
use webhook_dispatch::{ClaimFailed, Claims, Run, RunLimits, Runner};

const MS: Duration = Duration::from_millis(1);

fn limits() -> RunLimits {
    RunLimits {
        claim: 8,
        turn: 100 * MS,
        rest: 1000 * MS,
    }
}

/// An event: its lane, its number in it, and how long its execution takes.
type Event = (u32, u32, Duration);

/// A database and an engine: who has claimed what, and what was executed when.
#[derive(Clone)]
struct World(Arc<Inner>);

struct Inner {
    began: Instant,
    slots: Mutex<usize>,
    /// What other processes have claimed.
    taken: HashSet<(u32, u32)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What becomes of the next claims, the last one first: they fail, panic, or claim one event.
    claims: Vec<&'static str>,
    claimed: Vec<usize>,
    executing: HashMap<u32, usize>,
    most: HashMap<u32, usize>,
    most_lanes: usize,
    log: Vec<(u32, u32, Duration)>,
    released: Vec<(u32, u32)>,
}

impl World {
    fn new(slots: usize) -> Self {
        Self::with(slots, [].into())
    }
    fn with(slots: usize, taken: HashSet<(u32, u32)>) -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            slots: Mutex::new(slots),
            taken,
            state: Mutex::default(),
        }))
    }
    fn runner(&self) -> Runner<World> {
        let runner = Runner::new(self.clone(), limits());
        runner.resume();
        runner
    }
    fn executed(&self, lane: u32) -> Vec<u32> {
        let state = self.0.state.lock().unwrap();
        let of_lane = state.log.iter().filter(|(of, ..)| *of == lane);
        of_lane.map(|(_, number, _)| *number).collect()
    }
    fn when(&self, lane: u32, number: u32) -> Duration {
        let state = self.0.state.lock().unwrap();
        let found = state.log.iter().find(|(of, n, _)| (*of, *n) == (lane, number));
        found.expect("executed").2
    }
}

/// Notes the end of an execution, also of one that panics.
struct Executing(World, u32);

impl Drop for Executing {
    fn drop(&mut self) {
        *self.0 .0.state.lock().unwrap().executing.get_mut(&self.1).unwrap() -= 1;
    }
}

impl Run for World {
    type Id = Event;

    async fn claim(&self, mut ids: Vec<Event>) -> Result<Claims<Event>, ClaimFailed> {
        sleep(MS).await;
        let fate = {
            let mut state = self.0.state.lock().unwrap();
            state.claimed.push(ids.len());
            state.claims.pop()
        };
        match fate {
            Some("panics") => panic!("asked to"),
            Some("fails") => Err(ClaimFailed),
            fate => {
                let later = ids.split_off(if fate == Some("one by one") { 1 } else { ids.len() });
                ids.retain(|(lane, number, _)| !self.0.taken.contains(&(*lane, *number)));
                Ok(Claims { claimed: ids, later })
            }
        }
    }

    async fn execute(&self, (lane, number, takes): Event) {
        let executing = Executing(self.clone(), lane);
        {
            let mut state = self.0.state.lock().unwrap();
            let now = state.executing.entry(lane).or_default();
            *now += 1;
            let now = *now;
            let most = state.most.entry(lane).or_default();
            *most = now.max(*most);
            let lanes = state.executing.values().sum();
            state.most_lanes = state.most_lanes.max(lanes);
            state.log.push((lane, number, self.0.began.elapsed()));
        }
        sleep(takes).await;
        assert_ne!(number, 666, "asked to");
        drop(executing);
    }

    async fn release(&self, ids: Vec<Event>) {
        let mut state = self.0.state.lock().unwrap();
        state
            .released
            .extend(ids.iter().map(|(lane, number, _)| (*lane, *number)));
    }

    fn slots(&self) -> usize {
        *self.0.slots.lock().unwrap()
    }
}

fn events(lane: u32, numbers: std::ops::Range<u32>, takes: Duration) -> impl Iterator<Item = (u32, Event)> {
    numbers.map(move |number| (lane, (lane, number, takes)))
}

#[tokio::test(start_paused = true)]
async fn executes_the_events_of_a_lane_one_after_another_in_their_order() {
    let world = World::new(4);
    let runner = world.runner();
    runner.add(events(1, 0..50, 7 * MS));
    sleep(1000 * MS).await;
    assert_eq!(world.executed(1), (0..50).collect::<Vec<_>>());
    assert_eq!(world.0.state.lock().unwrap().most[&1], 1);
    assert_eq!(runner.counts().executed, 50);
}

#[tokio::test(start_paused = true)]
async fn executes_as_many_of_a_lane_at_a_time_as_its_width_says() {
    let world = World::new(8);
    let runner = world.runner();
    runner.set_width(1, 3);
    runner.add(events(1, 0..30, 50 * MS));
    sleep(10_000 * MS).await;
    assert_eq!(world.0.state.lock().unwrap().most[&1], 3);
    assert_eq!(world.executed(1).len(), 30);
}

#[tokio::test(start_paused = true)]
async fn executes_no_more_lanes_at_a_time_than_there_are_slots() {
    let world = World::new(2);
    let runner = world.runner();
    for lane in 1..=5 {
        runner.add(events(lane, 0..10, 20 * MS));
    }
    sleep(10_000 * MS).await;
    assert_eq!(world.0.state.lock().unwrap().most_lanes, 2);
    assert_eq!(runner.counts().executed, 50);
}

#[tokio::test(start_paused = true)]
async fn makes_a_lane_wait_for_a_short_turn_of_a_longer_one_only() {
    let world = World::new(1);
    let runner = world.runner();
    runner.add(events(1, 0..10_000, 5 * MS));
    sleep(2000 * MS).await;
    runner.add(events(2, 0..1, 5 * MS));
    sleep(1000 * MS).await;
    let waited = world.when(2, 0) - 2000 * MS;
    assert!(waited <= 2 * limits().turn, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn claims_events_that_take_long_one_by_one_and_short_ones_together() {
    let world = World::new(1);
    let runner = world.runner();
    runner.add(events(1, 0..40, MS));
    sleep(500 * MS).await;
    assert_eq!(world.0.state.lock().unwrap().claimed, [1, 2, 4, 8, 8, 8, 8, 1]);
    runner.add(events(1, 40..57, 500 * MS));
    sleep(60_000 * MS).await;
    let state = world.0.state.lock().unwrap();
    assert_eq!(state.claimed[8..], [8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    // What hadn't begun within a turn was given back, and executed later in its order.
    assert_eq!(state.released.len(), 7 + 3 + 1);
    drop(state);
    assert_eq!(world.executed(1), (0..57).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn keeps_the_order_of_events_that_are_claimed_one_by_one() {
    let world = World::new(2);
    world.0.state.lock().unwrap().claims = vec!["one by one"; 20];
    let runner = world.runner();
    runner.add(events(1, 0..20, MS));
    sleep(1000 * MS).await;
    assert_eq!(world.executed(1), (0..20).collect::<Vec<_>>());
    assert_eq!(runner.counts().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn leaves_out_what_another_process_has_claimed() {
    let world = World::with(1, [(1, 0), (1, 3)].into());
    let runner = world.runner();
    runner.add(events(1, 0..6, MS));
    sleep(1000 * MS).await;
    assert_eq!(world.executed(1), [1, 2, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn tries_again_in_the_same_order_once_the_database_is_back() {
    for fate in ["fails", "panics"] {
        let world = World::new(2);
        world.0.state.lock().unwrap().claims = vec![fate; 3];
        let runner = world.runner();
        runner.add(events(1, 0..10, MS));
        sleep(2900 * MS).await;
        assert_eq!(world.executed(1), [], "{fate}");
        sleep(1000 * MS).await;
        assert_eq!(world.executed(1), (0..10).collect::<Vec<_>>(), "{fate}");
    }
}

#[tokio::test(start_paused = true)]
async fn goes_on_after_an_execution_that_panics() {
    let world = World::new(1);
    let runner = world.runner();
    runner.add(events(1, 665..668, MS));
    sleep(1000 * MS).await;
    assert_eq!(world.executed(1), [665, 666, 667]);
}

#[tokio::test(start_paused = true)]
async fn executes_other_lanes_beside_one_that_hangs() {
    let world = World::new(2);
    let runner = world.runner();
    runner.add(events(1, 0..3, 1_000_000 * MS));
    runner.add(events(2, 0..100, MS));
    sleep(1000 * MS).await;
    assert_eq!(world.executed(1), [0]);
    assert_eq!(world.executed(2).len(), 100);
}

#[tokio::test(start_paused = true)]
async fn uses_slots_that_become_free_elsewhere() {
    let world = World::new(1);
    let runner = world.runner();
    runner.add(events(1, 0..1, 1_000_000 * MS));
    runner.add(events(2, 0..1, MS));
    sleep(100 * MS).await;
    assert_eq!(world.executed(2), []);
    *world.0.slots.lock().unwrap() = 2;
    runner.wake();
    sleep(100 * MS).await;
    assert_eq!(world.executed(2), [0]);
}

#[tokio::test(start_paused = true)]
async fn executes_one_lane_even_if_no_slot_is_left() {
    let world = World::new(0);
    let runner = world.runner();
    runner.add(events(1, 0..2, MS));
    sleep(100 * MS).await;
    assert_eq!(world.executed(1), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn claims_nothing_before_it_is_resumed_and_puts_interrupted_events_first() {
    let world = World::new(1);
    let runner = Runner::new(world.clone(), limits());
    runner.add(events(1, 2..4, MS));
    runner.add_first(1, vec![(1, 0, MS), (1, 1, MS)]);
    sleep(100 * MS).await;
    assert_eq!(world.executed(1), []);
    assert_eq!(runner.counts().waiting, 4);
    runner.resume();
    sleep(100 * MS).await;
    assert_eq!(world.executed(1), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn ends_what_it_executes_and_gives_back_what_it_claimed_when_it_is_closed() {
    let world = World::new(1);
    let runner = world.runner();
    runner.add(events(1, 0..7, MS));
    sleep(100 * MS).await;
    runner.add(events(1, 7..30, 30 * MS));
    // In the middle of the first of several that are claimed together.
    sleep(10 * MS).await;
    runner.close();
    assert!(runner.drained(100 * MS).await);
    assert_eq!(world.executed(1), (0..8).collect::<Vec<_>>());
    let released = world.0.state.lock().unwrap().released.clone();
    assert!(!released.is_empty());
    assert_eq!(
        released,
        (8..8 + released.len() as u32).map(|n| (1, n)).collect::<Vec<_>>()
    );
    sleep(10_000 * MS).await;
    assert_eq!(runner.counts().executed, 8);
}

proptest! {
    #[test]
    fn events_of_a_lane_neither_overlap_nor_overtake_each_other_whatever_fails(
        slots in 1usize..5,
        lanes in prop::collection::vec(prop::collection::vec((0u64..200, 0u64..300), 0..40), 1..5),
        claims in prop::collection::vec(prop::sample::select(vec!["", "fails", "panics", "one by one"]), 0..10),
        taken in prop::collection::hash_set((0u32..5, 0u32..40), 0..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::with(slots, taken.clone());
            world.0.state.lock().unwrap().claims = claims;
            let runner = Arc::new(world.runner());
            let adding: Vec<_> = lanes.iter().cloned().enumerate().map(|(lane, events)| {
                let runner = Arc::clone(&runner);
                tokio::spawn(async move {
                    for (number, (pause, takes)) in events.into_iter().enumerate() {
                        sleep(Duration::from_millis(pause)).await;
                        let event = (lane as u32, number as u32, Duration::from_millis(takes));
                        runner.add([(lane as u32, event)]);
                    }
                })
            }).collect();
            for one in adding {
                one.await.unwrap();
            }
            sleep(Duration::from_secs(120)).await;
            for (lane, events) in lanes.iter().enumerate() {
                let lane = lane as u32;
                let expected: Vec<_> = (0..events.len() as u32).filter(|n| !taken.contains(&(lane, *n))).collect();
                assert_eq!(world.executed(lane), expected);
                assert!(world.0.state.lock().unwrap().most.get(&lane).is_none_or(|most| *most == 1));
            }
            assert!(world.0.state.lock().unwrap().most_lanes <= slots);
            assert_eq!((runner.counts().waiting, runner.counts().running), (0, 0));
        });
    }
}
