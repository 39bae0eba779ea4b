//! The result as it grows: what `qs` makes of keys that meet.
//!
//! `qs` builds a small tree for every name and merges it into the result. Such a tree is a chain (each container in it
//! has one key) that ends in a text or in a list of texts, so it is merged here along the chain, without building it
//! first; where it meets nothing, it stays a chain until something meets it, since a chain of twenty levels takes as much
//! memory as one. Three things `qs` remembers about a container outside of it decide what happens when more comes: that it
//! was a list which grew past the limit, that it was made because a text met an object, and how long a list is with its
//! holes.

use std::cmp::Reverse;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::key::{index, index_of, next_segment, number, Key, Name, Progress, Segment};
use super::pairs::{position, Group, Names, Pairs};
use crate::json::write_string;
use crate::limits;

// A list of two has to be possible: it is what a text and an object that meet become. A list grows by no more than the values
// of one name, and has at most as many holes, before it becomes an object.
const _: () = assert!(limits::MAX_QUERY_ARRAY >= 2 && 4 * limits::MAX_QUERY_ARRAY < u16::MAX as u32);

/// Entries of a container that are compared one by one; where there are more, they are hashed.
const NARROW: usize = 4;

/// Bytes that there is room for before a key is written: a text that grows by itself doubles its memory.
const WRITTEN_ROOM: usize = 256;

/// No entry, or nothing remembered.
const NONE: u32 = u32::MAX;

/// The outermost object.
const ROOT: u32 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    Map,
}

/// What an entry holds, by its place in the list of its kind.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// Of [`Pairs::values`].
    Text(u32),
    /// Of [`Tree::containers`].
    Container(u32),
    /// Of [`Tree::chains`].
    Chain(u32),
}

/// A child of a container, chained to the one that was added to it before.
#[derive(Debug)]
struct Entry {
    key: Key,
    previous: u32,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    List {
        /// Whether it was made where a text met an object.
        conflict: bool,
        /// Elements, without the holes.
        count: u16,
        /// Elements, with the holes.
        length: u16,
    },
    Map {
        /// Of [`Tree::largest`].
        largest: u32,
    },
}

#[derive(Debug)]
struct Container {
    newest: u32,
    content: Content,
}

/// The largest index of an object, where `qs` remembers it.
#[derive(Debug, Clone, Copy)]
enum Largest {
    /// Of one that was a list which grew past the limit, or that began with an index past it.
    Overflow(f64),
    /// Of one made where a text met an object.
    Conflict(f64),
}

/// A name from some part on, and its values.
#[derive(Debug, Clone, Copy)]
struct Chain {
    group: u32,
    from: Progress,
}

/// A container of a chain.
#[derive(Debug, Clone, Copy)]
struct Link {
    kind: Kind,
    /// None for an object that stays empty, since its one key was `__proto__`.
    key: Option<Key>,
    overflow: Option<f64>,
}

/// What is still to be merged: the rest of a chain, its first container taken off.
#[derive(Debug, Clone, Copy)]
struct Source {
    chain: Chain,
    /// None at the end of the chain, where the values are.
    link: Option<Link>,
    below: Progress,
    /// The first value of the name, and how many there are.
    first: u32,
    count: u32,
}

impl Source {
    fn kind(self) -> Kind {
        self.link.map_or(values_kind(self.count), |link| link.kind)
    }

    fn overflow(self) -> Option<f64> {
        self.link.map_or(values_overflow(self.count), |link| link.overflow)
    }

    fn merged(self) -> Merged {
        match self.kind() {
            Kind::Text => Merged::Text(self.first),
            _ => Merged::Container(self),
        }
    }
}

fn values_kind(count: u32) -> Kind {
    match count {
        1 => Kind::Text,
        count if count <= limits::MAX_QUERY_ARRAY => Kind::List,
        _ => Kind::Map,
    }
}

fn values_overflow(count: u32) -> Option<f64> {
    (values_kind(count) == Kind::Map).then(|| f64::from(count - 1))
}

/// What is merged into one place.
#[derive(Clone, Copy)]
enum Merged {
    Text(u32),
    Container(Source),
}

/// The result.
pub(super) struct Tree<'a> {
    pairs: Pairs<'a>,
    containers: Vec<Container>,
    entries: Vec<Entry>,
    chains: Vec<Chain>,
    largest: Vec<Largest>,
    /// The entries of containers that have more than [`NARROW`], each with its container.
    wide: HashTable<(u32, u32)>,
    hasher: RandomState,
}

impl<'a> Tree<'a> {
    /// Merges all names and their values.
    pub(super) fn of(pairs: Pairs<'a>) -> Self {
        let mut tree = Self {
            pairs,
            containers: Vec::new(),
            entries: Vec::new(),
            chains: Vec::new(),
            largest: Vec::new(),
            wide: HashTable::new(),
            hasher: RandomState::new(),
        };
        tree.container(Kind::Map);
        for group in tree.pairs.in_order() {
            let from = Progress::default();
            let source = tree.source(Chain { group, from });
            // Below the outermost object everything is a container or sits in one.
            tree.merge(ROOT, source);
        }
        tree
    }

    /// Takes the first container off a chain.
    fn source(&self, chain: Chain) -> Source {
        let Group { name, first, count, .. } = self.pairs.groups[chain.group as usize];
        let mut below = chain.from;
        let key = self.pairs.names.get(name);
        let mut segment = next_segment(key, below);
        while let Some((Segment::Push, after)) = segment {
            below = after;
            segment = next_segment(key, after);
        }
        let pushed = (below != chain.from).then_some(below);
        let mut link = segment.map(|(segment, after)| {
            below = after;
            link(name, key, segment)
        });
        let (kind, overflow) = match link {
            Some(link) => (link.kind, link.overflow),
            None => (values_kind(count), values_overflow(count)),
        };
        // `qs` makes a list of what is below with `concat`, which takes a list's elements.
        if let (Some(pushed), true) = (pushed, kind != Kind::List && overflow.is_none()) {
            below = pushed;
            link = Some(Link {
                kind: Kind::List,
                key: Some(Key::Index(0)),
                overflow: None,
            });
        }
        Source {
            chain,
            link,
            below,
            first,
            count,
        }
    }

    /// What is below the first container.
    fn below(&self, source: Source) -> Source {
        self.source(Chain {
            from: source.below,
            ..source.chain
        })
    }

    fn container(&mut self, kind: Kind) -> u32 {
        let content = match kind {
            Kind::List => Content::List {
                conflict: false,
                count: 0,
                length: 0,
            },
            _ => Content::Map { largest: NONE },
        };
        push(&mut self.containers, Container { newest: NONE, content })
    }

    fn content(&self, container: u32) -> Content {
        self.containers[container as usize].content
    }

    fn remember(&mut self, map: u32, remembered: Largest) {
        match &mut self.containers[map as usize].content {
            Content::Map { largest } if *largest == NONE => *largest = push(&mut self.largest, remembered),
            Content::Map { largest } => self.largest[*largest as usize] = remembered,
            Content::List { .. } => {}
        }
    }

    fn remembered(&self, container: u32) -> Option<Largest> {
        match self.content(container) {
            Content::Map { largest } => self.largest.get(largest as usize).copied(),
            Content::List { .. } => None,
        }
    }

    /// The entries of a container, the newest first.
    fn children(&self, container: u32) -> impl Iterator<Item = u32> {
        let newest = self.containers[container as usize].newest;
        let some = |entry: u32| (entry != NONE).then_some(entry);
        std::iter::successors(some(newest), move |entry| some(self.entries[*entry as usize].previous))
    }

    fn find(&self, container: u32, key: Key) -> Option<u32> {
        let names = &self.pairs.names;
        let is_same = |entry: &u32| same(names, self.entries[*entry as usize].key, key);
        let mut children = self.children(container);
        if let Some(found) = children.by_ref().take(NARROW + 1).find(is_same) {
            return Some(found);
        }
        children.next()?;
        let hash = hash(&self.hasher, names, container, key);
        let found = self
            .wide
            .find(hash, |(parent, entry)| *parent == container && is_same(entry));
        found.map(|(_, entry)| *entry)
    }

    /// Adds a child whose key isn't there.
    fn insert(&mut self, container: u32, key: Key, value: Value) {
        let parent = &mut self.containers[container as usize];
        if let (Content::List { count, length, .. }, Key::Index(index)) = (&mut parent.content, key) {
            *count += 1;
            *length = (*length).max(u16::try_from(index + 1).unwrap_or(u16::MAX));
        }
        let previous = parent.newest;
        parent.newest = push(&mut self.entries, Entry { key, previous, value });
        // The newest one is hashed, and all of them where it makes the container wide.
        let added = match self.children(container).take(NARROW + 2).count() {
            ..=NARROW => return,
            count if count == NARROW + 1 => count,
            _ => 1,
        };
        let Self {
            pairs,
            entries,
            wide,
            hasher,
            ..
        } = self;
        let hash =
            |(container, entry): &(u32, u32)| hash(hasher, &pairs.names, *container, entries[*entry as usize].key);
        let mut entry = position(entries.len() - 1);
        for _ in 0..added {
            wide.insert_unique(hash(&(container, entry)), (container, entry), hash);
            entry = entries[entry as usize].previous;
        }
    }

    /// Sets a child, in the place of the one with the same key if there is one.
    fn set(&mut self, container: u32, key: Key, value: Value) {
        match self.find(container, key) {
            Some(entry) => self.entries[entry as usize].value = value,
            None => self.insert(container, key, value),
        }
    }

    /// The key that JavaScript makes of a whole number below 1e21, which is the largest it writes without an exponent.
    fn key_of(&mut self, number: f64) -> Key {
        let index = index_of(number).map(Key::Index);
        index
            .or_else(|| self.pairs.names.make(&number.to_string()).map(Key::Name))
            .unwrap_or(Key::Index(NONE))
    }

    /// The number of which a key is the canonical form, if it is one.
    fn number(&self, key: Key) -> Option<f64> {
        match key {
            Key::Index(index) => Some(f64::from(index)),
            Key::Name(name) => number(self.pairs.names.get(name)),
        }
    }

    /// A list as `qs` writes it out as an object. It is another object to `qs`, so what it remembered of it is gone.
    fn list_to_map(&mut self, list: u32, largest: Option<Largest>) {
        self.containers[list as usize].content = Content::Map { largest: NONE };
        if let Some(largest) = largest {
            self.remember(list, largest);
        }
    }

    /// Makes an object of a list that has grown past the limit.
    fn check_limit(&mut self, list: u32) {
        if let Content::List { count, length, .. } = self.content(list)
            && u32::from(count) > limits::MAX_QUERY_ARRAY
        {
            self.list_to_map(list, Some(Largest::Overflow(f64::from(length - 1))));
        }
    }

    fn append(&mut self, list: u32, value: Value) {
        if let Content::List { length, .. } = self.content(list) {
            self.insert(list, Key::Index(u32::from(length)), value);
        }
    }

    /// What meets nothing, to be kept.
    fn keep(&mut self, merged: Merged) -> Value {
        match merged {
            Merged::Text(text) => Value::Text(text),
            Merged::Container(source) => Value::Chain(push(&mut self.chains, source.chain)),
        }
    }

    /// The container that an entry holds, made of the first one of a chain if it is one; none for a text.
    fn unfold(&mut self, entry: u32) -> Option<u32> {
        let chain = match self.entries[entry as usize].value {
            Value::Text(_) => return None,
            Value::Container(container) => return Some(container),
            Value::Chain(chain) => chain,
        };
        let source = self.source(self.chains[chain as usize]);
        let container = self.container(source.kind());
        match source.link {
            None => self.insert_values(container, source, 0),
            Some(Link { key: None, .. }) => {}
            Some(Link { key: Some(key), .. }) => {
                let below = self.below(source);
                let value = match below.merged() {
                    Merged::Text(text) => Value::Text(text),
                    Merged::Container(below) => {
                        self.chains[chain as usize] = below.chain;
                        Value::Chain(chain)
                    }
                };
                self.insert(container, key, value);
            }
        }
        if let Some(overflow) = source.overflow() {
            self.remember(container, Largest::Overflow(overflow));
        }
        self.entries[entry as usize].value = Value::Container(container);
        Some(container)
    }

    fn insert_values(&mut self, container: u32, source: Source, from: u32) {
        let places: Vec<u32> = self.pairs.places(source.chain.group).collect();
        for (index, place) in (from..).zip(places) {
            self.insert(container, Key::Index(index), Value::Text(place));
        }
    }

    /// Merges a container into a container.
    fn merge(&mut self, mut target: u32, mut source: Source) {
        loop {
            if let (Content::List { conflict, length, .. }, true) = (self.content(target), source.kind() != Kind::List)
            {
                let conflict = conflict.then(|| Largest::Conflict(f64::from(length) - 1.0));
                self.list_to_map(target, conflict);
            }
            match source.link {
                None => {
                    let places: Vec<u32> = self.pairs.places(source.chain.group).collect();
                    for (index, place) in (0..).zip(places) {
                        self.merge_entry(target, Key::Index(index), Merged::Text(place), source.overflow());
                    }
                    self.check_limit(target);
                    return;
                }
                Some(Link { key: None, .. }) => return,
                Some(Link {
                    key: Some(key),
                    overflow,
                    ..
                }) => {
                    let below = self.below(source);
                    let next = self.merge_entry(target, key, below.merged(), overflow);
                    self.check_limit(target);
                    match next {
                        Some(child) => (target, source) = (child, below),
                        None => return,
                    }
                }
            }
        }
    }

    /// Merges one entry of a container into a container. Returns the child that the value has to be merged into, if
    /// both are containers; all else is done here.
    fn merge_entry(&mut self, target: u32, key: Key, merged: Merged, overflow: Option<f64>) -> Option<u32> {
        let found = self.find(target, key);
        if let Content::List { .. } = self.content(target) {
            let child = match (found, merged) {
                (Some(entry), Merged::Container(_)) => self.unfold(entry),
                _ => None,
            };
            if child.is_none() {
                let value = self.keep(merged);
                match found {
                    Some(_) => self.append(target, value),
                    None => self.insert(target, key, value),
                }
            }
            return child;
        }
        if found.is_none() {
            let value = self.keep(merged);
            self.insert(target, key, value);
        }
        self.note_index(target, key, overflow);
        match merged {
            Merged::Text(text) => self.merge_text(found?, text),
            Merged::Container(source) => return self.merge_container(found?, source),
        }
        None
    }

    /// Keeps the largest index of an object up to date where it is remembered.
    fn note_index(&mut self, target: u32, key: Key, overflow: Option<f64>) {
        let remembered = match (overflow, self.remembered(target)) {
            (_, Some(Largest::Overflow(largest))) => Largest::Overflow(largest),
            (Some(overflow), _) => {
                let keys = self.children(target).map(|entry| self.entries[entry as usize].key);
                Largest::Overflow(keys.filter_map(|key| self.number(key)).fold(overflow, f64::max))
            }
            (None, Some(conflict)) => conflict,
            (None, None) => return,
        };
        let number = self.number(key).unwrap_or(0.0);
        let remembered = match remembered {
            Largest::Overflow(largest) => Largest::Overflow(largest.max(number)),
            Largest::Conflict(largest) => Largest::Conflict(largest.max(number)),
        };
        self.remember(target, remembered);
    }

    /// Merges a text into what is there.
    fn merge_text(&mut self, entry: u32, text: u32) {
        // To `qs` an empty text is nothing, once something is there.
        if self.pairs.values[text as usize].is_empty() {
            return;
        }
        let value = Value::Text(text);
        let Some(target) = self.unfold(entry) else {
            return self.pair(entry, value, false);
        };
        if let Content::List { count, length, .. } = self.content(target) {
            if u32::from(count) < limits::MAX_QUERY_ARRAY {
                return self.append(target, value);
            }
            self.list_to_map(target, Some(Largest::Overflow(f64::from(length))));
            return self.set(target, Key::Index(u32::from(length)), value);
        }
        let next = match self.remembered(target) {
            None => return self.pair(entry, value, true),
            Some(Largest::Overflow(largest)) => Largest::Overflow(largest + 1.0),
            Some(Largest::Conflict(largest)) => Largest::Conflict(largest + 1.0),
        };
        let (Largest::Overflow(largest) | Largest::Conflict(largest)) = next;
        let key = self.key_of(largest);
        self.set(target, key, value);
        self.remember(target, next);
    }

    /// Merges a container into what is there; returns that if it is a container too.
    fn merge_container(&mut self, entry: u32, source: Source) -> Option<u32> {
        if let Some(target) = self.unfold(entry) {
            return Some(target);
        }
        if source.kind() == Kind::Map && source.overflow().is_none() {
            let value = self.keep(Merged::Container(source));
            self.pair(entry, value, false);
            return None;
        }
        // A list, or what was one: the text goes in front of it, and the indices go up by one.
        let combined = self.container(source.kind());
        self.insert(combined, Key::Index(0), self.entries[entry as usize].value);
        match source.link {
            Some(link) => {
                if let Some(index) = link.key.and_then(|key| self.number(key)) {
                    let below = self.below(source);
                    let value = self.keep(below.merged());
                    let key = self.key_of(index + 1.0);
                    self.insert(combined, key, value);
                }
            }
            None => self.insert_values(combined, source, 1),
        }
        if let Some(largest) = source.overflow() {
            self.remember(combined, Largest::Overflow(largest + 1.0));
        }
        if let Content::List { length, .. } = self.content(combined)
            && u32::from(length) > limits::MAX_QUERY_ARRAY
        {
            self.list_to_map(combined, Some(Largest::Overflow(f64::from(length - 1))));
        }
        self.entries[entry as usize].value = Value::Container(combined);
        None
    }

    /// Puts a list of what is there and `second` in its place.
    fn pair(&mut self, entry: u32, second: Value, is_conflict: bool) {
        let first = self.entries[entry as usize].value;
        let list = self.container(Kind::List);
        self.append(list, first);
        self.append(list, second);
        if let Content::List { conflict, .. } = &mut self.containers[list as usize].content {
            *conflict = is_conflict;
        }
        self.entries[entry as usize].value = Value::Container(list);
    }

    /// The result as JSON text, objects' keys in the order in which JavaScript lists them.
    pub(super) fn into_json(mut self) -> String {
        // Nothing is looked for or added from here on: the memory is needed for the text.
        self.wide = HashTable::new();
        self.containers.shrink_to_fit();
        self.entries.shrink_to_fit();
        let mut json = String::with_capacity(self.pairs.size());
        // The entries still to be written: of every open container the ones left, and where they begin.
        let mut entries = Vec::new();
        let mut open = Vec::new();
        self.open(ROOT, &mut json, &mut entries, &mut open);
        while let Some((kind, end)) = open.last().copied() {
            let Some(entry) = (entries.len() > end).then(|| entries.pop()).flatten() else {
                json.push(close(kind));
                open.pop();
                continue;
            };
            let Entry { key, value, .. } = self.entries[entry as usize];
            if json.capacity() - json.len() < WRITTEN_ROOM {
                json.reserve_exact(json.len() / 4 + WRITTEN_ROOM);
            }
            if !json.ends_with(['[', '{']) {
                json.push(',');
            }
            if kind == Kind::Map {
                self.write_key(key, &mut json);
            }
            match value {
                Value::Text(text) => self.write_text(text, &mut json),
                Value::Container(container) => self.open(container, &mut json, &mut entries, &mut open),
                Value::Chain(chain) => self.write_chain(self.chains[chain as usize], &mut json),
            }
        }
        json
    }

    fn open(&self, container: u32, json: &mut String, entries: &mut Vec<u32>, open: &mut Vec<(Kind, usize)>) {
        let kind = match self.content(container) {
            Content::List { .. } => Kind::List,
            Content::Map { .. } => Kind::Map,
        };
        json.push(if kind == Kind::List { '[' } else { '{' });
        let from = entries.len();
        open.push((kind, from));
        entries.extend(self.children(container));
        // They are taken from the end. The sort is stable, so names keep the order in which they came.
        entries[from..].sort_by_key(|entry| Reverse(self.entries[*entry as usize].key.rank()));
    }

    fn write_key(&self, key: Key, json: &mut String) {
        match key {
            Key::Index(index) => json.push_str(&format!("\"{index}\"")),
            Key::Name(name) => write_string(json, self.pairs.names.get(name)),
        }
        json.push(':');
    }

    fn write_text(&self, text: u32, json: &mut String) {
        self.pairs.values[text as usize].write(json);
    }

    /// Writes what met nothing.
    fn write_chain(&self, chain: Chain, json: &mut String) {
        let mut source = self.source(chain);
        let mut open = Vec::new();
        while let Some(Link { kind, key, .. }) = source.link {
            json.push(if kind == Kind::List { '[' } else { '{' });
            open.push(close(kind));
            let Some(key) = key else {
                break;
            };
            if kind == Kind::Map {
                self.write_key(key, json);
            }
            source = self.below(source);
        }
        if source.link.is_none() {
            self.write_values(source, json);
        }
        json.extend(open.into_iter().rev());
    }

    fn write_values(&self, source: Source, json: &mut String) {
        let kind = source.kind();
        if kind == Kind::Text {
            return self.write_text(source.first, json);
        }
        json.push(if kind == Kind::List { '[' } else { '{' });
        for (index, place) in (0..).zip(self.pairs.places(source.chain.group)) {
            if index > 0 {
                json.push(',');
            }
            if kind == Kind::Map {
                self.write_key(Key::Index(index), json);
            }
            self.write_text(place, json);
        }
        json.push(close(kind));
    }
}

fn close(kind: Kind) -> char {
    if kind == Kind::List {
        ']'
    } else {
        '}'
    }
}

/// The container that a part of a name makes around what is below.
fn link(name: Name, key: &str, segment: Segment<'_>) -> Link {
    let of = |text: &str| {
        let offset = position(text.as_ptr().addr() - key.as_ptr().addr());
        let length = position(text.len()).try_into().unwrap_or(name.length);
        let start = name.start + offset;
        index(text).map_or(Key::Name(Name { start, length }), Key::Index)
    };
    match segment {
        Segment::Index(index, text) if index < f64::from(limits::MAX_QUERY_ARRAY) => Link {
            kind: Kind::List,
            key: Some(of(text)),
            overflow: None,
        },
        Segment::Index(index, text) => Link {
            kind: Kind::Map,
            key: Some(of(text)),
            overflow: Some(index),
        },
        Segment::Name("__proto__") | Segment::Push => Link {
            kind: Kind::Map,
            key: None,
            overflow: None,
        },
        Segment::Name(text) => Link {
            kind: Kind::Map,
            key: Some(of(text)),
            overflow: None,
        },
    }
}

fn same(names: &Names<'_>, one: Key, other: Key) -> bool {
    match (one, other) {
        (Key::Index(one), Key::Index(other)) => one == other,
        (Key::Name(one), Key::Name(other)) => one.length == other.length && names.get(one) == names.get(other),
        _ => false,
    }
}

fn hash(hasher: &RandomState, names: &Names<'_>, container: u32, key: Key) -> u64 {
    match key {
        Key::Index(index) => hasher.hash_one((container, index)),
        Key::Name(name) => hasher.hash_one((container, names.get(name))),
    }
}

/// Appends to a list that has room for at most a quarter more than it needs.
fn push<T>(list: &mut Vec<T>, item: T) -> u32 {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 4);
    }
    list.push(item);
    position(list.len() - 1)
}
