//! The result as it grows: what `qs` makes of keys that meet.
//!
//! `qs` builds a small tree for every name and merges it into the result. Such a tree is a chain (each container in it
//! has one key) that ends in a text or in a list of texts, so it is merged here along the chain, without building it
//! first. Three things `qs` remembers about a container outside of it decide what happens when more comes: that it was a
//! list which grew past the limit, that it was made because a text met an object, and how long a list is with its holes.

use indexmap::map::Entry as Slot;
use indexmap::IndexMap;

use super::key::{split, Key, Segment};
use super::pairs::{Leaf, Values, EMPTY};
use crate::json::write_string;
use crate::limits;

// A list of two has to be possible: it is what a text and an object that meet become.
const _: () = assert!(limits::MAX_QUERY_ARRAY >= 2);

type NodeId = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    Map,
}

#[derive(Debug)]
struct Node<'a> {
    kind: Kind,
    text: &'a Leaf<'a>,
    /// The first and the last entry of a container.
    ends: Option<(usize, usize)>,
    /// Elements of a list, without its holes.
    count: u32,
    /// Length of a list, with its holes.
    length: u32,
    /// Of an object that was a list which grew past the limit, or that began with an index past it: its largest index.
    overflow: Option<f64>,
    /// Of a container made where a text met an object: its largest index.
    conflict: Option<f64>,
}

/// A child of a container. The entries of one container are chained in the order in which they were added.
#[derive(Debug)]
struct Entry {
    node: NodeId,
    next: Option<usize>,
}

/// A container of the chain that is merged.
#[derive(Debug, Clone)]
struct Link<'a> {
    kind: Kind,
    /// None for an object that stays empty, since its one key was `__proto__`.
    key: Option<Key<'a>>,
    overflow: Option<f64>,
}

/// What is still to be merged: the rest of a chain, and the values at its end.
#[derive(Clone, Copy)]
struct Source<'s, 'a> {
    links: &'s [Link<'a>],
    values: Values<'a>,
}

impl<'s, 'a> Source<'s, 'a> {
    fn kind(self) -> Kind {
        match self.links.first() {
            Some(link) => link.kind,
            None => match self.values.count {
                1 => Kind::Text,
                count if count <= limits::MAX_QUERY_ARRAY => Kind::List,
                _ => Kind::Map,
            },
        }
    }

    fn overflow(self) -> Option<f64> {
        match self.links.first() {
            Some(link) => link.overflow,
            None => (self.kind() == Kind::Map).then(|| f64::from(self.values.count - 1)),
        }
    }

    fn value(self) -> Value<'s, 'a> {
        match self.kind() {
            Kind::Text => Value::Text(self.values.first()),
            _ => Value::Container(self),
        }
    }

    /// What is below the first link.
    fn below(self) -> Self {
        Self {
            links: &self.links[1..],
            ..self
        }
    }
}

/// What is merged into one place.
#[derive(Clone, Copy)]
enum Value<'s, 'a> {
    Text(&'a Leaf<'a>),
    Container(Source<'s, 'a>),
}

/// The result; its first node is the outermost object.
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    entries: IndexMap<(NodeId, Key<'a>), Entry>,
}

impl Default for Tree<'_> {
    fn default() -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            entries: IndexMap::new(),
        };
        tree.node(Kind::Map, &EMPTY);
        tree
    }
}

const ROOT: NodeId = 0;

impl<'a> Tree<'a> {
    /// Merges a name and its values into the result.
    pub(super) fn add(&mut self, key: &'a str, values: Values<'a>) {
        let mut segments = Vec::new();
        split(key, &mut segments);
        let links = chain(&segments, values);
        let source = Source { links: &links, values };
        // Below the outermost object everything is a container or sits in one.
        self.merge(ROOT, source);
    }

    fn node(&mut self, kind: Kind, text: &'a Leaf<'a>) -> NodeId {
        self.nodes.push(Node {
            kind,
            text,
            ends: None,
            count: 0,
            length: 0,
            overflow: None,
            conflict: None,
        });
        self.nodes.len() - 1
    }

    /// Sets a child, in the place of the one with the same key if there is one.
    fn set(&mut self, parent: NodeId, key: Key<'a>, node: NodeId) {
        let index = match key {
            Key::Index(index) => index,
            Key::Name(_) => 0,
        };
        let place = self.entries.len();
        match self.entries.entry((parent, key)) {
            Slot::Occupied(mut slot) => {
                slot.get_mut().node = node;
                return;
            }
            Slot::Vacant(slot) => {
                slot.insert(Entry { node, next: None });
            }
        }
        let parent = &mut self.nodes[parent];
        if parent.kind == Kind::List {
            parent.count += 1;
            parent.length = parent.length.max(index + 1);
        }
        match &mut parent.ends {
            Some((_, last)) => self.entries[std::mem::replace(last, place)].next = Some(place),
            None => parent.ends = Some((place, place)),
        }
    }

    /// A list as `qs` writes it out as an object. It is another object to `qs`, so what it remembered of it is gone.
    fn list_to_map(&mut self, list: NodeId, overflow: Option<f64>) {
        let node = &mut self.nodes[list];
        node.kind = Kind::Map;
        node.overflow = overflow;
        node.conflict = None;
    }

    /// Makes an object of a list that has grown past the limit.
    fn check_limit(&mut self, list: NodeId) {
        let node = &self.nodes[list];
        if node.kind == Kind::List && node.count > limits::MAX_QUERY_ARRAY {
            let largest = f64::from(node.length - 1);
            self.list_to_map(list, Some(largest));
        }
    }

    fn append(&mut self, list: NodeId, node: NodeId) {
        self.set(list, Key::Index(self.nodes[list].length), node);
    }

    /// The nodes for a value that meets nothing.
    fn build(&mut self, value: Value<'_, 'a>) -> NodeId {
        let source = match value {
            Value::Text(text) => return self.node(Kind::Text, text),
            Value::Container(source) => source,
        };
        let mut node = self.build_values(source.values);
        for link in source.links.iter().rev() {
            let container = self.node(link.kind, &EMPTY);
            if let Some(key) = link.key.clone() {
                self.set(container, key, node);
            }
            self.nodes[container].overflow = link.overflow;
            node = container;
        }
        node
    }

    fn build_values(&mut self, values: Values<'a>) -> NodeId {
        let source = Source { links: &[], values };
        let kind = source.kind();
        if kind == Kind::Text {
            return self.node(kind, values.first());
        }
        let container = self.node(kind, &EMPTY);
        self.nodes[container].overflow = source.overflow();
        for (index, text) in (0..).zip(values.iter()) {
            let node = self.node(Kind::Text, text);
            self.set(container, Key::Index(index), node);
        }
        container
    }

    /// Merges a container into a container.
    fn merge(&mut self, mut target: NodeId, mut source: Source<'_, 'a>) {
        loop {
            if self.nodes[target].kind == Kind::List && source.kind() != Kind::List {
                let conflict = self.nodes[target]
                    .conflict
                    .map(|_| f64::from(self.nodes[target].length - 1));
                self.list_to_map(target, None);
                self.nodes[target].conflict = conflict;
            }
            match source.links.first() {
                None => {
                    for (index, text) in (0..).zip(source.values.iter()) {
                        self.merge_entry(target, Key::Index(index), Value::Text(text), source.overflow());
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
                    let below = source.below();
                    let next = self.merge_entry(target, key.clone(), below.value(), *overflow);
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
    fn merge_entry(
        &mut self,
        target: NodeId,
        key: Key<'a>,
        value: Value<'_, 'a>,
        overflow: Option<f64>,
    ) -> Option<NodeId> {
        let found = self.entries.get_index_of(&(target, key.clone()));
        if self.nodes[target].kind == Kind::List {
            match found.map(|entry| self.entries[entry].node) {
                Some(child) if self.nodes[child].kind != Kind::Text && matches!(value, Value::Container(_)) => {
                    return Some(child);
                }
                Some(_) => {
                    let node = self.build(value);
                    self.append(target, node);
                }
                None => {
                    let node = self.build(value);
                    self.set(target, key, node);
                }
            }
            return None;
        }
        if found.is_none() {
            let node = self.build(value);
            self.set(target, key.clone(), node);
        }
        self.note_index(target, &key, overflow);
        match value {
            Value::Text(text) => self.merge_text(found?, text),
            Value::Container(source) => return self.merge_container(found?, source),
        }
        None
    }

    /// Keeps the largest index of an object up to date where it is remembered.
    fn note_index(&mut self, target: NodeId, key: &Key<'a>, overflow: Option<f64>) {
        if let (Some(overflow), None) = (overflow, self.nodes[target].overflow) {
            let mut largest = overflow;
            let mut next = self.nodes[target].ends.map(|(first, _)| first);
            while let Some(entry) = next {
                largest = self.entries.get_index(entry).map_or(largest, |((_, key), entry)| {
                    next = entry.next;
                    key.number().map_or(largest, |number| largest.max(number))
                });
            }
            self.nodes[target].overflow = Some(largest);
        }
        let node = &mut self.nodes[target];
        for largest in [&mut node.overflow, &mut node.conflict].into_iter().flatten() {
            if let Some(number) = key.number() {
                *largest = largest.max(number);
            }
        }
    }

    /// Merges a text into what is there.
    fn merge_text(&mut self, entry: usize, text: &'a Leaf<'a>) {
        // To `qs` an empty text is nothing, once something is there.
        if text.is_empty() {
            return;
        }
        let target = self.entries[entry].node;
        let node = self.node(Kind::Text, text);
        let Node {
            kind,
            count,
            length,
            overflow,
            conflict,
            ..
        } = self.nodes[target];
        match kind {
            Kind::Text => self.pair(entry, node, None),
            Kind::List => {
                if count >= limits::MAX_QUERY_ARRAY {
                    self.list_to_map(target, Some(f64::from(length)));
                }
                self.append(target, node);
            }
            Kind::Map => match (overflow, conflict) {
                (Some(largest), _) => {
                    self.set(target, Key::from_number(largest + 1.0), node);
                    self.nodes[target].overflow = Some(largest + 1.0);
                }
                (None, Some(largest)) => {
                    self.set(target, Key::from_number(largest + 1.0), node);
                    self.nodes[target].conflict = Some(largest + 1.0);
                }
                (None, None) => self.pair(entry, node, Some(1.0)),
            },
        }
    }

    /// Merges a container into what is there; returns that if it is a container too.
    fn merge_container(&mut self, entry: usize, source: Source<'_, 'a>) -> Option<NodeId> {
        let target = self.entries[entry].node;
        if self.nodes[target].kind != Kind::Text {
            return Some(target);
        }
        if source.kind() == Kind::Map && source.overflow().is_none() {
            let node = self.build(Value::Container(source));
            self.pair(entry, node, None);
            return None;
        }
        // A list, or what was one: the text goes in front of it, and the indices go up by one.
        let combined = self.node(source.kind(), &EMPTY);
        self.set(combined, Key::Index(0), target);
        match source.links.first() {
            Some(link) => {
                if let Some(index) = link.key.as_ref().and_then(Key::number) {
                    let node = self.build(source.below().value());
                    self.set(combined, Key::from_number(index + 1.0), node);
                }
            }
            None => {
                for (index, text) in (1..).zip(source.values.iter()) {
                    let node = self.node(Kind::Text, text);
                    self.set(combined, Key::Index(index), node);
                }
            }
        }
        self.nodes[combined].overflow = source.overflow().map(|largest| largest + 1.0);
        let Node { kind, length, .. } = self.nodes[combined];
        if kind == Kind::List && length > limits::MAX_QUERY_ARRAY {
            self.list_to_map(combined, Some(f64::from(length - 1)));
        }
        self.entries[entry].node = combined;
        None
    }

    /// Puts a list of what is there and `second` in its place.
    fn pair(&mut self, entry: usize, second: NodeId, conflict: Option<f64>) {
        let first = self.entries[entry].node;
        let list = self.node(Kind::List, &EMPTY);
        self.append(list, first);
        self.append(list, second);
        self.nodes[list].conflict = conflict;
        self.entries[entry].node = list;
    }

    /// The result as JSON text, objects' keys in the order in which JavaScript lists them.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        // The entries still to be written: of every open container the ones left, and where they begin.
        let mut entries = Vec::new();
        let mut open = Vec::new();
        self.open(ROOT, &mut json, &mut entries, &mut open);
        while let Some((kind, end)) = open.last().copied() {
            if entries.len() == end {
                json.push(if kind == Kind::List { ']' } else { '}' });
                open.pop();
                continue;
            }
            let Some(((_, key), entry)) = entries.pop().and_then(|entry| self.entries.get_index(entry)) else {
                break;
            };
            if !json.ends_with(['[', '{']) {
                json.push(',');
            }
            if kind == Kind::Map {
                match key {
                    Key::Index(index) => json.push_str(&format!("\"{index}\"")),
                    Key::Name(name) => write_string(&mut json, name),
                }
                json.push(':');
            }
            match self.nodes[entry.node].kind {
                Kind::Text => self.nodes[entry.node].text.write(&mut json),
                _ => self.open(entry.node, &mut json, &mut entries, &mut open),
            }
        }
        json
    }

    fn open(&self, node: NodeId, json: &mut String, entries: &mut Vec<usize>, open: &mut Vec<(Kind, usize)>) {
        let Node { kind, ends, .. } = self.nodes[node];
        json.push(if kind == Kind::List { '[' } else { '{' });
        let from = entries.len();
        open.push((kind, from));
        let mut next = ends.map(|(first, _)| first);
        while let Some(entry) = next {
            entries.push(entry);
            next = self.entries[entry].next;
        }
        // The sort is stable, so names keep the order in which they came.
        let rank = |entry: &usize| self.entries.get_index(*entry).map(|((_, key), _)| key.rank());
        entries[from..].sort_by_key(rank);
        entries[from..].reverse();
    }
}

/// The containers that a key makes around its values, outermost first.
fn chain<'a>(segments: &[Segment<'a>], values: Values<'a>) -> Vec<Link<'a>> {
    let mut links: Vec<Link<'a>> = Vec::with_capacity(segments.len());
    for segment in segments.iter().rev() {
        let (kind, key, overflow) = match segment {
            Segment::Push => {
                let (inner, overflow) = match links.last() {
                    Some(link) => (link.kind, link.overflow),
                    None => {
                        let source = Source { links: &[], values };
                        (source.kind(), source.overflow())
                    }
                };
                // `qs` makes a list of what is below with `concat`, which takes a list's elements.
                if inner == Kind::List || overflow.is_some() {
                    continue;
                }
                (Kind::List, Some(Key::Index(0)), None)
            }
            Segment::Index(index) if *index < f64::from(limits::MAX_QUERY_ARRAY) => {
                (Kind::List, Some(Key::from_number(*index)), None)
            }
            Segment::Index(index) => (Kind::Map, Some(Key::from_number(*index)), Some(*index)),
            Segment::Name("__proto__") => (Kind::Map, None, None),
            Segment::Name(name) => (Kind::Map, Some(Key::of(name)), None),
        };
        links.push(Link { kind, key, overflow });
    }
    links.reverse();
    links
}
