use std::borrow::Cow;
use std::collections::HashMap;

use super::fault::{Fault, Wrong};
use super::indexed::Indexed;
use super::path::{as_index, Path, Segment};
use super::scan::{unescaped, utf16_units, Cursor, Key, Kind, Refused, Scanner};
use super::writer::TooLarge;
use crate::error::ParseError;
use crate::limits::{context_limit, step_limit, MAX_DEPTH};

/// Why there are no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// The text is no JSON, or nested too deep.
    Malformed(ParseError),
    /// The values together, or what they are put together as, are larger than the text allows.
    TooLarge,
}

impl Unread {
    /// The error that tells it of a text, where nobody puts it in words of their own.
    pub fn into_error(self, json: &[u8]) -> ParseError {
        match self {
            Self::Malformed(error) => error,
            Self::TooLarge => {
                let limit = context_limit(json.len());
                let message = format!("expected values that have {limit} bytes together, but found more");
                ParseError::at("JSON_VALUES_TOO_LARGE", message, json, 0)
            }
        }
    }
}

impl From<TooLarge> for Unread {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// The byte order mark; one may stand before a text and is skipped.
pub const BOM: char = '\u{FEFF}';

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
    nodes: Vec<Node>,
    /// How many values are looked for that stand in the body, or are made for it.
    values: usize,
    /// The forms of the lists that are collected.
    lists: Vec<Lists>,
    /// Where each path is found: along its segments, and as the root's own key that is the whole path.
    paths: Vec<(Place, Option<usize>)>,
}

/// Where what a path leads to is kept: a number among the values or among the lists.
#[derive(Debug, Clone, Copy)]
enum Place {
    Value(usize),
    List(usize),
}

/// A place in the value that a path leads to or through.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Values that are found here.
    values: Vec<usize>,
    /// Values that are found here if it is an array: of paths whose only `[]` is at their end.
    arrays: Vec<usize>,
    /// Lists that get an item here.
    lists: Vec<usize>,
    /// Members of an object; once all are known, in the order of [`Member::rank`].
    members: Vec<Member>,
    /// A bit for each length of a key in `members`, the highest for 63 and more: most keys are passed over by it.
    lengths: u64,
    /// Elements of an array and units of a string, by ascending index; the same nodes as in `members`.
    indexes: Vec<(u32, usize)>,
    /// The `length` of an array or string; the same node as in `members`.
    length: Option<usize>,
    /// Each element of an array.
    each: Option<usize>,
    /// How many `[]` lead here.
    level: usize,
    /// All values at and below this node.
    values_below: Vec<usize>,
    /// All lists at and below this node.
    lists_below: Vec<usize>,
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
    /// The node of a member, given what stands between the quotes of its key.
    #[inline]
    fn member(&self, raw: &str, escaped: bool) -> Option<usize> {
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

    fn enters(&self, kind: Kind) -> bool {
        match kind {
            Kind::Object => !self.members.is_empty(),
            Kind::Array => self.each.is_some() || !self.indexes.is_empty() || self.length.is_some(),
            Kind::String => !self.indexes.is_empty() || self.length.is_some(),
            Kind::Other => false,
        }
    }

    fn index(&self, index: usize) -> Option<usize> {
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
            node.indexes.sort_unstable();
            node.members
                .sort_unstable_by(|a, b| Member::rank(a.head, &a.key).cmp(&Member::rank(b.head, &b.key)));
        }
        set
    }

    fn add(&mut self, segments: &[Segment], lists: Lists, known: &mut Known) -> Place {
        let eaches = segments.iter().filter(|segment| **segment == Segment::Each).count();
        // The list of all elements is the array as it stands.
        let is_array = eaches == 1 && segments.last() == Some(&Segment::Each);
        let place = if eaches == 0 || is_array {
            self.values += 1;
            Place::Value(self.values - 1)
        } else {
            self.lists.push(lists);
            Place::List(self.lists.len() - 1)
        };
        // What is nested deeper is refused anyway, and units of units of a string add nothing.
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

    /// The value of each path as JSON text, in the order of the paths; none where the path leads nowhere.
    ///
    /// A value is a slice of `json` wherever it stands there as it is. What `null` stands for is found; so are `0`,
    /// `false` and `""`. For a path with `[]` it is a list with one item for each element, `null` for an element that
    /// lacks the rest of the path; where `[]` meets something else than an array, the path leads nowhere.
    ///
    /// # Errors
    /// Refused is what `JSON.parse` refuses, bytes that are no UTF-8, and nesting deeper than
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH); one BOM is skipped. The whole text is checked whatever the paths are. So are
    /// lists that have more than [`context_limit`] bytes together (`JSON_VALUES_TOO_LARGE`).
    pub fn extract<'a>(&self, json: &'a [u8]) -> Result<Vec<Option<Cow<'a, str>>>, ParseError> {
        let (found, text) = self.find(json).map_err(|unread| unread.into_error(json))?;
        Ok(found.take(self, text))
    }

    /// What [`extract`](Self::extract) takes the values of, and the text that it was found in.
    #[inline]
    pub(super) fn find<'a>(&self, json: &'a [u8]) -> Result<(Found, &'a str), Unread> {
        let text = utf8(json).map_err(Unread::Malformed)?;
        let indexed = Indexed::new(json).map(|mut cursor| Walk::new(self, text, &mut cursor).run());
        match indexed {
            Some(Ok(found)) => return Ok((found, text)),
            Some(Err(Stopped::TooLarge)) => return Err(Unread::TooLarge),
            // The scanner decides the same, and knows why a text is refused.
            Some(Err(Stopped::Refused)) | None => {}
        }
        let mut scanner = Scanner::new(json);
        match Walk::new(self, text, &mut scanner).run() {
            Ok(found) => Ok((found, text)),
            Err(Stopped::TooLarge) => Err(Unread::TooLarge),
            Err(Stopped::Refused) => Err(Unread::Malformed(scanner.fault().into_error(json))),
        }
    }
}

/// The text without its BOM, if `JSON.parse` takes it within the limit of depth: [`PathSet::extract`] without paths.
///
/// # Errors
/// Those of [`PathSet::extract`].
pub fn check(json: &[u8]) -> Result<&str, ParseError> {
    let text = utf8(json)?;
    let whole = |cursor: &mut dyn Cursor| {
        let kind = cursor.begin()?;
        cursor.skip(kind)?;
        cursor.finish()
    };
    // A short text costs more with an index than without.
    let indexed = if json.len() < 64 { None } else { Indexed::new(json) };
    if indexed.is_none_or(|mut cursor| whole(&mut cursor).is_err()) {
        let mut scanner = Scanner::new(json);
        whole(&mut scanner).map_err(|Refused| scanner.fault().into_error(json))?;
    }
    Ok(text.strip_prefix(BOM).unwrap_or(text))
}

pub(crate) fn utf8(json: &[u8]) -> Result<&str, ParseError> {
    simdutf8::basic::from_utf8(json).map_err(|_| {
        let at = simdutf8::compat::from_utf8(json).map_or_else(|error| error.valid_up_to(), str::len);
        Fault {
            wrong: Wrong::Utf8,
            at,
            expected: "UTF-8",
        }
        .into_error(json)
    })
}

/// What was found so far.
pub(super) struct Found {
    values: Vec<Value>,
    lists: Vec<List>,
    /// Values that don't stand in the body.
    made: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Absent,
    /// From where to where it stands in the body.
    Raw(usize, usize),
    /// Its number among those that were made.
    Made(usize),
}

/// A list that is being collected.
#[derive(Debug)]
struct List {
    found: bool,
    lists: Lists,
    /// `[`, then each item with a comma after it.
    text: String,
    /// Length of the text when the element of the innermost `[]` began.
    mark: usize,
}

impl List {
    fn put(&mut self, item: &str) {
        self.found = true;
        // An item of a key that is repeated replaces the one before.
        self.text.truncate(self.mark);
        self.text.push_str(item);
        self.text.push(',');
    }

    fn close(&mut self) {
        if self.text.ends_with(',') {
            self.text.pop();
        }
        self.text.push(']');
    }
}

/// Why a walk ends before the text does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The text is refused.
    Refused,
    /// There is no more room for what is found.
    TooLarge,
}

impl Found {
    /// Of which paths the value is that of the root's own key that is the whole path.
    pub(super) fn own_keys(&self, set: &PathSet) -> Vec<bool> {
        let own = |&(_, exact): &(Place, Option<usize>)| exact.is_some_and(|exact| self.values[exact] != Value::Absent);
        set.paths.iter().map(own).collect()
    }

    /// The value of each path.
    pub(super) fn take<'a>(mut self, set: &PathSet, text: &'a str) -> Vec<Option<Cow<'a, str>>> {
        let made = &mut self.made;
        let mut value = |value| match value {
            Value::Absent => None,
            Value::Raw(start, end) => Some(Cow::Borrowed(&text[start..end])),
            Value::Made(made_value) => Some(Cow::Owned(std::mem::take(&mut made[made_value]))),
        };
        let paths = set.paths.iter().map(|&(place, exact)| {
            let exact = exact.map_or(Value::Absent, |exact| self.values[exact]);
            match place {
                _ if exact != Value::Absent => value(exact),
                Place::Value(at) => value(self.values[at]),
                Place::List(list) => {
                    let list = &mut self.lists[list];
                    list.found.then(|| {
                        list.close();
                        Cow::Owned(std::mem::take(&mut list.text))
                    })
                }
            }
        });
        paths.collect()
    }
}

/// A container that is being walked.
#[derive(Debug, Clone, Copy)]
struct Frame {
    node: usize,
    start: usize,
    array: bool,
    next: Next,
    /// Of an array: index of the element that is being read.
    index: usize,
    /// Of an array: where the element begins and the node to read it for again, after it was read as "each".
    again: Option<(usize, usize)>,
    /// Of an array: whether the element is being read as "each".
    as_each: bool,
}

/// Where the walk of a container goes on.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// With the first member, whose key was read.
    FirstMember,
    /// With the first element.
    FirstElement,
    /// There is none: the end was read.
    End,
    /// After a member's value.
    Member,
    /// After an element.
    Element,
}

/// What comes next in an array.
enum Step {
    /// Another element, or the array's end was read.
    Element(bool),
    /// The same element, for another node.
    Again(usize),
}

pub(super) struct Walk<'p, 'a, 'c, C> {
    nodes: &'p [Node],
    text: &'a str,
    cursor: &'c mut C,
    found: Found,
    frames: Vec<Frame>,
    /// Marks of the lists around the open "each" arrays, innermost last.
    marks: Vec<usize>,
    /// Bytes that may still be copied.
    room: usize,
    /// Steps that may still be taken besides reading the text once: for each path at a place instead of for each place, or for
    /// what is read again.
    steps: usize,
    is_too_large: bool,
}

impl<'p, 'a, 'c, C: Cursor> Walk<'p, 'a, 'c, C> {
    pub(super) fn new(set: &'p PathSet, text: &'a str, cursor: &'c mut C) -> Self {
        let list = |&lists| List {
            found: false,
            lists,
            text: String::new(),
            mark: 0,
        };
        let found = Found {
            values: vec![Value::Absent; set.values],
            lists: set.lists.iter().map(list).collect(),
            made: Vec::new(),
        };
        Self {
            nodes: &set.nodes,
            text,
            cursor,
            found,
            frames: Vec::with_capacity(8),
            marks: Vec::new(),
            room: context_limit(text.len()),
            steps: step_limit(text.len()),
            is_too_large: false,
        }
    }

    #[inline]
    pub(super) fn run(mut self) -> Result<Found, Stopped> {
        match self.walk() {
            Ok(()) => Ok(self.found),
            Err(Refused) if self.is_too_large => Err(Stopped::TooLarge),
            Err(Refused) => Err(Stopped::Refused),
        }
    }

    #[inline(always)]
    fn step(&mut self, steps: usize) -> Result<(), Refused> {
        match self.steps.checked_sub(steps) {
            Some(left) => self.steps = left,
            None => return self.too_large(),
        }
        Ok(())
    }

    #[inline(always)]
    fn copy(&mut self, bytes: usize) -> Result<(), Refused> {
        match self.room.checked_sub(bytes) {
            Some(left) => self.room = left,
            None => return self.too_large(),
        }
        Ok(())
    }

    #[cold]
    fn too_large(&mut self) -> Result<(), Refused> {
        self.is_too_large = true;
        Err(Refused)
    }

    fn walk(&mut self) -> Result<(), Refused> {
        self.value(0)?;
        while let Some(frame) = self.frames.last() {
            // From here on it goes on in the container that was entered last, until another one is or it ends.
            let entered = match frame.next {
                Next::End => false,
                Next::FirstMember => self.members(true)?,
                Next::FirstElement => self.elements(Step::Element(true))?,
                Next::Member => {
                    let more = self.cursor.next_member()?;
                    self.members(more)?
                }
                Next::Element => {
                    let step = self.element_read()?;
                    self.elements(step)?
                }
            };
            if !entered {
                self.leave()?;
            }
        }
        self.cursor.finish()
    }

    /// Reads the value that comes next for a node, or enters it and says so if something in it is wanted.
    #[inline(always)]
    fn value(&mut self, at: usize) -> Result<bool, Refused> {
        let kind = self.cursor.begin()?;
        let node = &self.nodes[at];
        if node.enters(kind) && kind != Kind::String {
            self.enter(at, kind)?;
            return Ok(true);
        }
        let start = self.cursor.start();
        self.cursor.skip(kind)?;
        self.put(node, start, kind == Kind::Array)?;
        if node.enters(kind) {
            self.units(at, &self.text[start + 1..self.cursor.end() - 1])?;
        }
        Ok(false)
    }

    fn enter(&mut self, at: usize, kind: Kind) -> Result<(), Refused> {
        let start = self.cursor.start();
        let (first, more) = if kind == Kind::Object {
            (Next::FirstMember, self.cursor.enter_object()?)
        } else {
            if let Some(each) = self.nodes[at].each {
                self.open_lists(&self.nodes[each])?;
            }
            (Next::FirstElement, self.cursor.enter_array()?)
        };
        let next = if more { first } else { Next::End };
        self.frames.push(Frame {
            node: at,
            start,
            array: kind == Kind::Array,
            next,
            index: 0,
            again: None,
            as_each: false,
        });
        Ok(())
    }

    #[inline(always)]
    fn put(&mut self, node: &Node, start: usize, array: bool) -> Result<(), Refused> {
        let end = self.cursor.end();
        for &value in &node.values {
            self.found.values[value] = Value::Raw(start, end);
        }
        for &list in &node.lists {
            self.copy(end - start + 1)?;
            self.found.lists[list].put(&self.text[start..end]);
        }
        if array {
            for &value in &node.arrays {
                self.found.values[value] = Value::Raw(start, end);
            }
        }
        Ok(())
    }

    fn put_made(&mut self, node: &Node, text: &str) -> Result<(), Refused> {
        self.step(16)?;
        for &value in &node.values {
            // One of a key that is repeated is kept as long as the last.
            self.copy(size_of::<String>() + text.len())?;
            self.found.values[value] = Value::Made(self.found.made.len());
            self.found.made.push(text.to_owned());
        }
        for &list in &node.lists {
            self.copy(text.len() + 1)?;
            self.found.lists[list].put(text);
        }
        Ok(())
    }

    /// The end of the innermost container was read.
    fn leave(&mut self) -> Result<(), Refused> {
        let frame = self.frames.pop().expect("a container is left that was entered");
        let node = &self.nodes[frame.node];
        if frame.array {
            if let Some(length) = node.length {
                self.put_made(&self.nodes[length], &frame.index.to_string())?;
            }
            if let Some(each) = node.each {
                self.close_lists(&self.nodes[each])?;
            }
        }
        self.put(node, frame.start, frame.array)
    }

    /// Reads members of the innermost object, from the one whose key was read, to its end or until something is entered.
    fn members(&mut self, mut more: bool) -> Result<bool, Refused> {
        let frame = self.frames.last_mut().expect("a member is read in an object");
        frame.next = Next::Member;
        let node = &self.nodes[frame.node];
        while more {
            let Key { start, end, escaped } = self.cursor.key();
            match node.member(&self.text[start..end], escaped) {
                Some(child) => {
                    self.reset(&self.nodes[child])?;
                    if self.value(child)? {
                        return Ok(true);
                    }
                }
                None => {
                    let kind = self.cursor.begin()?;
                    self.cursor.skip(kind)?;
                }
            }
            more = self.cursor.next_member()?;
        }
        Ok(false)
    }

    /// The last of repeated keys counts, whatever an earlier one had below it.
    #[inline]
    fn reset(&mut self, node: &Node) -> Result<(), Refused> {
        self.step(node.values_below.len() + node.lists_below.len())?;
        for &value in &node.values_below {
            self.found.values[value] = Value::Absent;
        }
        for &list in &node.lists_below {
            let list = &mut self.found.lists[list];
            list.found = false;
            list.text.truncate(list.mark);
        }
        Ok(())
    }

    /// Reads elements of the innermost array to its end, or until something is entered.
    fn elements(&mut self, mut step: Step) -> Result<bool, Refused> {
        let at = self.frames.len() - 1;
        self.frames[at].next = Next::Element;
        let node = &self.nodes[self.frames[at].node];
        loop {
            let child = match step {
                Step::Element(false) => return Ok(false),
                Step::Again(child) => Some(child),
                Step::Element(true) => self.element(node)?,
            };
            match child {
                Some(child) => {
                    if self.value(child)? {
                        return Ok(true);
                    }
                }
                None => {
                    let kind = self.cursor.begin()?;
                    self.cursor.skip(kind)?;
                    let index = self.frames[at].index;
                    let past = node.indexes.last().is_none_or(|&(last, _)| last as usize <= index);
                    if past && node.length.is_none() {
                        self.cursor.skip_elements()?;
                        return Ok(false);
                    }
                }
            }
            step = self.element_read()?;
        }
    }

    /// The node to read the element for that comes next, if there is one.
    #[inline]
    fn element(&mut self, node: &Node) -> Result<Option<usize>, Refused> {
        let frame = self.frames.last_mut().expect("an element is read in an array");
        let indexed = node.index(frame.index);
        let Some(each) = node.each else {
            return Ok(indexed);
        };
        frame.as_each = true;
        if let Some(indexed) = indexed {
            self.cursor.begin()?;
            frame.again = Some((self.cursor.start(), indexed));
        }
        self.step(self.nodes[each].lists_below.len())?;
        for &list in &self.nodes[each].lists_below {
            let list = &mut self.found.lists[list];
            list.mark = list.text.len();
            list.found = false;
        }
        Ok(Some(each))
    }

    /// An element of the innermost array has been read: what comes next.
    #[inline]
    fn element_read(&mut self) -> Result<Step, Refused> {
        let at = self.frames.len() - 1;
        let frame = &mut self.frames[at];
        if frame.as_each {
            frame.as_each = false;
            let (node, again) = (frame.node, frame.again.take());
            self.fill_lists(node)?;
            if let Some((start, node)) = again {
                self.step(self.cursor.end() - start)?;
                self.cursor.rewind(start);
                return Ok(Step::Again(node));
            }
        }
        self.frames[at].index += 1;
        Ok(Step::Element(self.cursor.next_element()?))
    }

    /// An element has been read as "each": a list that it gave nothing has `null` for it.
    #[inline]
    fn fill_lists(&mut self, node: usize) -> Result<(), Refused> {
        let Some(each) = self.nodes[node].each else {
            return Ok(());
        };
        let mut missing = 0;
        for &list in &self.nodes[each].lists_below {
            let list = &mut self.found.lists[list];
            if !list.found {
                list.text.push_str("null,");
                missing += 1;
            }
            list.found = true;
        }
        self.copy(missing * "null,".len())
    }

    /// An array begins whose every element is wanted.
    fn open_lists(&mut self, each: &Node) -> Result<(), Refused> {
        self.step(each.lists_below.len())?;
        self.copy(each.lists_below.len())?;
        for &list in &each.lists_below {
            let list = &mut self.found.lists[list];
            self.marks.push(list.mark);
            list.found = true;
            if each.level == 1 {
                list.text.clear();
                list.text.push('[');
            } else if list.lists == Lists::Nested {
                list.text.push('[');
            }
        }
        Ok(())
    }

    fn close_lists(&mut self, each: &Node) -> Result<(), Refused> {
        self.step(each.lists_below.len())?;
        self.copy(each.lists_below.len())?;
        for &list in each.lists_below.iter().rev() {
            let list = &mut self.found.lists[list];
            list.mark = self.marks.pop().expect("a mark was kept for each list");
            list.found = true;
            if each.level > 1 && list.lists == Lists::Nested {
                list.close();
                list.text.push(',');
            }
        }
        Ok(())
    }

    /// The units and the length of a string, and of the strings that its units are.
    fn units(&mut self, at: usize, raw: &str) -> Result<(), Refused> {
        let mut strings = vec![(at, Cow::Borrowed(raw))];
        while let Some((at, raw)) = strings.pop() {
            let node = &self.nodes[at];
            if let Some(length) = node.length {
                self.step(raw.len())?;
                self.put_made(&self.nodes[length], &utf16_units(&raw).count().to_string())?;
            }
            let mut wanted = node.indexes.iter().peekable();
            for (index, unit) in utf16_units(&raw).enumerate() {
                self.step(1)?;
                let Some(&(_, child)) = wanted.next_if(|(wanted, _)| *wanted as usize == index) else {
                    if wanted.peek().is_none() {
                        break;
                    }
                    continue;
                };
                let unit = unit_text(unit);
                self.put_made(&self.nodes[child], &unit)?;
                strings.push((child, Cow::Owned(unit[1..unit.len() - 1].to_owned())));
            }
        }
        Ok(())
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

/// A string of one UTF-16 code unit as JSON text, a lone surrogate escaped as `JSON.stringify` does.
fn unit_text(unit: u16) -> String {
    match char::from_u32(u32::from(unit)) {
        Some('"') => r#""\"""#.to_owned(),
        Some('\\') => r#""\\""#.to_owned(),
        Some(c) if !c.is_control() => format!("\"{c}\""),
        _ => format!("\"\\u{unit:04x}\""),
    }
}
