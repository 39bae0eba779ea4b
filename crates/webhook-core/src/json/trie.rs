//! Paths compiled into a trie, which a walk follows once whatever their number.

use std::collections::HashMap;

use super::path::{as_index, Path, Segment};
use super::scan::{unescaped, Kind};
use crate::limits::MAX_DEPTH;

/// How the values of a path with more than one `[]` are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// One flat list.
    Flat,
    /// A list in the list for each further `[]`, so that each value's place is known.
    Nested,
}

/// Paths compiled for [`extract`](Self::extract). Make it once per configuration; it is immutable.
///
/// ```
/// use webhook_core::json::PathSet;
/// let paths = PathSet::new(["user.name", "items[].id", "missing"]);
/// let body = br#"{"items":[{"id":1},{}],"user":{"name":"Ann"}}"#;
/// let values = paths.extract(body).unwrap();
/// assert_eq!(values[0].as_deref(), Some(r#""Ann""#));
/// assert_eq!(values[1].as_deref(), Some("[1,null]"));
/// assert_eq!(values[2], None);
/// ```
#[derive(Debug, Clone)]
pub struct PathSet {
    /// A trie; the root is the first node.
    pub(super) nodes: Vec<Node>,
    /// How many values are looked for that are in the body, or are made for it.
    pub(super) values: usize,
    /// The forms of the lists that are collected.
    pub(super) lists: Vec<Lists>,
    /// Where each path is found: along its segments, and as the root's own key that is the whole path.
    pub(super) paths: Vec<(Place, Option<usize>)>,
}

/// Where what a path leads to is kept: a number among the values or among the lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Value(usize),
    List(usize),
}

/// A place in the value that a path leads to or through.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Values that are found here.
    pub(super) values: Vec<usize>,
    /// Values that are found here if it is an array: of paths whose only `[]` is at their end.
    pub(super) arrays: Vec<usize>,
    /// Lists that get an item here.
    pub(super) lists: Vec<usize>,
    /// Members of an object; once all are known, in the order of [`Member::rank`].
    members: Vec<Member>,
    /// A bit for each length of a key in `members`, the highest for 63 and more: most keys are passed over by it.
    lengths: u64,
    /// Elements of an array and units of a string, by ascending index; the same nodes as in `members`.
    pub(super) indexes: Vec<(u32, usize)>,
    /// The `length` of an array or string; the same node as in `members`.
    pub(super) length: Option<usize>,
    /// Each element of an array.
    pub(super) each: Option<usize>,
    /// How many `[]` lead here.
    pub(super) level: usize,
    /// All values at and below this node.
    pub(super) values_below: Vec<usize>,
    /// All lists at and below this node.
    pub(super) lists_below: Vec<usize>,
    /// Whether all that is wanted here is the value as it is: of most paths. Decided once all paths are known.
    pub(super) is_leaf: bool,
}

/// A wanted member of an object.
#[derive(Debug, Clone)]
struct Member {
    /// The first 8 bytes of the key, zeros after it.
    head: u64,
    key: Box<str>,
    node: usize,
}

impl Member {
    /// What members are sorted by, so that of many one is found without looking at each.
    fn rank(head: u64, key: &str) -> (usize, u64, &str) {
        (key.len(), head, key)
    }
}

/// The nodes of members while a set is compiled, by the node above and the key.
type Known = HashMap<(usize, Box<str>), usize>;

/// Members up to which it is faster to look at each.
const FEW_MEMBERS: usize = 16;

impl Node {
    /// The node of a member, given what is between the quotes of its key.
    #[inline]
    pub(super) fn member(&self, raw: &str, escaped: bool) -> Option<usize> {
        if escaped {
            return self.member(&unescaped(raw)?, false);
        }
        if self.lengths >> raw.len().min(63) & 1 == 0 {
            return None;
        }
        let head = head(raw);
        if self.members.len() > FEW_MEMBERS {
            let rank = |member: &Member| Member::rank(member.head, &member.key).cmp(&Member::rank(head, raw));
            return self.members.binary_search_by(rank).ok().map(|at| self.members[at].node);
        }
        self.members
            .iter()
            .find(|member| {
                member.head == head && member.key.len() == raw.len() && (raw.len() <= 8 || *member.key == *raw)
            })
            .map(|member| member.node)
    }

    fn is_leaf(&self) -> bool {
        let is_entered = [Kind::Object, Kind::Array, Kind::String]
            .iter()
            .any(|kind| self.enters(*kind));
        !is_entered && self.arrays.is_empty() && self.lists.is_empty()
    }

    pub(super) fn enters(&self, kind: Kind) -> bool {
        match kind {
            Kind::Object => !self.members.is_empty(),
            Kind::Array => self.each.is_some() || !self.indexes.is_empty() || self.length.is_some(),
            Kind::String => !self.indexes.is_empty() || self.length.is_some(),
            Kind::Other => false,
        }
    }

    pub(super) fn index(&self, index: usize) -> Option<usize> {
        let found = self
            .indexes
            .binary_search_by_key(&index, |&(wanted, _)| wanted as usize);
        found.ok().map(|at| self.indexes[at].1)
    }
}

impl PathSet {
    /// Compiles the paths; [`extract`](Self::extract) gives the values in their order.
    /// A path with `[]` gives one flat list.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p str>) -> Self {
        Self::with_lists(paths.into_iter().map(|text| (Path::parse(text), Lists::Flat)))
    }

    /// As [`new`](Self::new), with the form of each path's list.
    pub(crate) fn with_lists(paths: impl IntoIterator<Item = (Path, Lists)>) -> Self {
        let mut set = Self {
            nodes: vec![Node::default()],
            values: 0,
            lists: Vec::new(),
            paths: Vec::new(),
        };
        let mut known = HashMap::new();
        for (path, lists) in paths {
            let place = set.add(path.segments(), lists, &mut known);
            let exact = path.exact_key().map(|key| {
                let at = set.child(0, &Segment::Key(key.into()), &mut known);
                set.nodes[at].values.push(set.values);
                set.nodes[at].values_below.push(set.values);
                set.values += 1;
                set.values - 1
            });
            set.paths.push((place, exact));
        }
        for node in &mut set.nodes {
            node.is_leaf = node.is_leaf();
            node.indexes.sort_unstable();
            node.members
                .sort_unstable_by(|a, b| Member::rank(a.head, &a.key).cmp(&Member::rank(b.head, &b.key)));
        }
        set
    }

    fn add(&mut self, segments: &[Segment], lists: Lists, known: &mut Known) -> Place {
        let eaches = segments.iter().filter(|segment| **segment == Segment::Each).count();
        // The list of all elements is the array as it is.
        let is_array = eaches == 1 && segments.last() == Some(&Segment::Each);
        let place = if eaches == 0 || is_array {
            self.values += 1;
            Place::Value(self.values - 1)
        } else {
            self.lists.push(lists);
            Place::List(self.lists.len() - 1)
        };
        // What is nested deeper is rejected anyway, and units of units of a string add nothing.
        if segments.is_empty() || segments.len() > MAX_DEPTH {
            return place;
        }
        let mut at = 0;
        for segment in &segments[..segments.len() - usize::from(is_array)] {
            at = self.child(at, segment, known);
            match place {
                Place::Value(value) => self.nodes[at].values_below.push(value),
                Place::List(list) => self.nodes[at].lists_below.push(list),
            }
        }
        let node = &mut self.nodes[at];
        match place {
            Place::Value(value) if is_array => node.arrays.push(value),
            Place::Value(value) => node.values.push(value),
            Place::List(list) => node.lists.push(list),
        }
        place
    }

    fn child(&mut self, at: usize, segment: &Segment, known: &mut Known) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        let mut level = node.level;
        match segment {
            Segment::Each => {
                if let Some(child) = node.each {
                    return child;
                }
                node.each = Some(next);
                level += 1;
            }
            Segment::Key(key) => {
                let known = known.entry((at, key.clone())).or_insert(next);
                if *known != next {
                    return *known;
                }
                node.members.push(Member {
                    head: head(key),
                    key: key.clone(),
                    node: next,
                });
                node.lengths |= 1 << key.len().min(63);
                if let Some(index) = as_index(key) {
                    node.indexes.push((index, next));
                }
                if &**key == "length" {
                    node.length = Some(next);
                }
            }
        }
        self.nodes.push(Node {
            level,
            ..Node::default()
        });
        next
    }
}

/// The first 8 bytes of a key, zeros after it.
#[inline]
fn head(key: &str) -> u64 {
    let bytes = key.as_bytes();
    match bytes.first_chunk() {
        Some(first) => u64::from_le_bytes(*first),
        None => bytes.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}
