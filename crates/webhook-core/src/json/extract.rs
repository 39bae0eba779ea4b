use std::borrow::Cow;

use super::fault::{Fault, Wrong};
use super::indexed::Indexed;
use super::path::{as_index, Path, Segment};
use super::scan::{unescaped, utf16_units, Cursor, Key, Kind, Refused, Scanner};
use crate::error::ParseError;
use crate::limits::MAX_DEPTH;

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
    /// Whether a slot collects a list, and of which form.
    slots: Vec<Option<Lists>>,
    /// The slots of each path: along its segments, and of the root's own key that is the whole path.
    paths: Vec<(usize, Option<usize>)>,
}

/// A place in the value that a path leads to or through.
#[derive(Debug, Clone, Default)]
struct Node {
    /// Slots that take the value found here.
    whole: Vec<usize>,
    /// Slots that take the value found here if it is an array: of paths whose only `[]` is at their end.
    whole_array: Vec<usize>,
    /// Members of an object.
    members: Vec<(Box<str>, usize)>,
    /// Elements of an array and units of a string, by ascending index; the same nodes as in `members`.
    indexes: Vec<(u32, usize)>,
    /// The `length` of an array or string; the same node as in `members`.
    length: Option<usize>,
    /// Each element of an array.
    each: Option<usize>,
    /// How many `[]` lead here.
    level: usize,
    /// All slots at and below this node.
    below: Vec<usize>,
}

impl Node {
    fn enters(&self, kind: Kind) -> bool {
        match kind {
            Kind::Object => !self.members.is_empty(),
            Kind::Array => self.each.is_some() || !self.indexes.is_empty() || self.length.is_some(),
            Kind::String => !self.indexes.is_empty() || self.length.is_some(),
            Kind::Other => false,
        }
    }

    fn index(&self, index: usize) -> Option<usize> {
        self.indexes
            .iter()
            .find(|(wanted, _)| *wanted as usize == index)
            .map(|&(_, node)| node)
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
            slots: Vec::new(),
            paths: Vec::new(),
        };
        for (path, lists) in paths {
            let slot = set.add(path.segments(), lists);
            let exact = path.exact_key().map(|key| set.add(&[Segment::Key(key.into())], lists));
            set.paths.push((slot, exact));
        }
        for node in &mut set.nodes {
            node.indexes.sort_unstable();
        }
        set
    }

    fn add(&mut self, segments: &[Segment], lists: Lists) -> usize {
        let slot = self.slots.len();
        let eaches = segments.iter().filter(|segment| **segment == Segment::Each).count();
        let only_last = eaches == 1 && segments.last() == Some(&Segment::Each);
        self.slots.push((eaches > 0 && !only_last).then_some(lists));
        // What is nested deeper is refused anyway, and units of units of a string add nothing.
        if segments.is_empty() || segments.len() > MAX_DEPTH {
            return slot;
        }
        let steps = if only_last {
            &segments[..segments.len() - 1]
        } else {
            segments
        };
        let mut at = 0;
        self.nodes[at].below.push(slot);
        for segment in steps {
            at = self.child(at, segment);
            self.nodes[at].below.push(slot);
        }
        let node = &mut self.nodes[at];
        if only_last {
            &mut node.whole_array
        } else {
            &mut node.whole
        }
        .push(slot);
        slot
    }

    fn child(&mut self, at: usize, segment: &Segment) -> usize {
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
                if let Some(&(_, child)) = node.members.iter().find(|(known, _)| known == key) {
                    return child;
                }
                node.members.push((key.clone(), next));
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
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH); one BOM is skipped. The whole text is checked whatever the paths are.
    pub fn extract<'a>(&self, json: &'a [u8]) -> Result<Vec<Option<Cow<'a, str>>>, ParseError> {
        let text = utf8(json)?;
        let indexed = Indexed::new(json).and_then(|mut cursor| Walk::new(self, text, &mut cursor).run().ok());
        let mut slots = match indexed {
            Some(slots) => slots,
            // The scanner decides the same, and knows why a text is refused.
            None => {
                let mut scanner = Scanner::new(json);
                Walk::new(self, text, &mut scanner)
                    .run()
                    .map_err(|Refused| scanner.fault().into_error(json))?
            }
        };
        Ok(self
            .paths
            .iter()
            .map(|&(slot, exact)| {
                let exact = exact.filter(|&exact| slots[exact].found);
                slots[exact.unwrap_or(slot)].take(text)
            })
            .collect())
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
    if Indexed::new(json).is_none_or(|mut cursor| whole(&mut cursor).is_err()) {
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

/// What was found for one path so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    found: bool,
    /// How the list is collected, if it is one.
    lists: Option<Lists>,
    start: usize,
    end: usize,
    /// A value that doesn't stand in the body, or the list: `[`, then each item with a comma after it.
    made: String,
    /// Length of the list when the element of the innermost `[]` began.
    mark: usize,
}

impl Slot {
    fn put(&mut self, text: &str, start: usize, end: usize) {
        self.found = true;
        if self.lists.is_some() {
            self.made.truncate(self.mark);
            self.made.push_str(&text[start..end]);
            self.made.push(',');
        } else {
            self.made.clear();
            self.start = start;
            self.end = end;
        }
    }

    fn put_made(&mut self, value: &str) {
        self.found = true;
        if self.lists.is_some() {
            self.made.truncate(self.mark);
            self.made.push_str(value);
            self.made.push(',');
        } else {
            self.made.clear();
            self.made.push_str(value);
        }
    }

    fn reset(&mut self) {
        self.found = false;
        self.made.truncate(self.mark);
    }

    fn close_list(&mut self) {
        if self.made.ends_with(',') {
            self.made.pop();
        }
        self.made.push(']');
    }

    pub(super) fn take<'a>(&mut self, text: &'a str) -> Option<Cow<'a, str>> {
        if !self.found {
            return None;
        }
        if self.lists.is_some() {
            let mut list = std::mem::take(&mut self.made);
            if list.ends_with(',') {
                list.pop();
            }
            list.push(']');
            return Some(Cow::Owned(list));
        }
        if self.made.is_empty() {
            return Some(Cow::Borrowed(&text[self.start..self.end]));
        }
        Some(Cow::Owned(std::mem::take(&mut self.made)))
    }
}

/// A container that is being walked.
#[derive(Debug, Clone, Copy)]
struct Frame {
    node: usize,
    start: usize,
    array: bool,
    /// Of an array: index of the element that is being read.
    index: usize,
    /// Of an array: where the element begins and the node to read it for again, after it was read as "each".
    again: Option<(usize, usize)>,
    /// Of an array: whether the element is being read as "each".
    as_each: bool,
}

enum Step {
    /// A value comes that the node waits for.
    Value(usize),
    /// A member of the innermost object comes, or its end was read.
    Member(Option<Key>),
    /// An element of the innermost array comes, or its end was read.
    Element(bool),
    /// A value has been read.
    Done,
}

pub(super) struct Walk<'p, 'a, 'c, C> {
    nodes: &'p [Node],
    text: &'a str,
    cursor: &'c mut C,
    slots: Vec<Slot>,
    frames: Vec<Frame>,
    /// Marks of the slots around the open "each" arrays, innermost last.
    marks: Vec<usize>,
}

impl<'p, 'a, 'c, C: Cursor> Walk<'p, 'a, 'c, C> {
    pub(super) fn new(set: &'p PathSet, text: &'a str, cursor: &'c mut C) -> Self {
        let slots = set
            .slots
            .iter()
            .map(|&lists| Slot {
                lists,
                ..Slot::default()
            })
            .collect();
        Self {
            nodes: &set.nodes,
            text,
            cursor,
            slots,
            frames: Vec::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Vec<Slot>, Refused> {
        let mut step = Step::Value(0);
        loop {
            step = match step {
                Step::Value(node) => self.value(node)?,
                Step::Member(Some(key)) => self.member(key)?,
                Step::Element(true) => self.element()?,
                Step::Member(None) | Step::Element(false) => self.leave(),
                Step::Done => match self.frames.last() {
                    None => {
                        self.cursor.finish()?;
                        return Ok(self.slots);
                    }
                    Some(frame) if frame.array => self.element_read()?,
                    Some(_) => Step::Member(self.cursor.next_member()?),
                },
            };
        }
    }

    fn value(&mut self, at: usize) -> Result<Step, Refused> {
        let kind = self.cursor.begin()?;
        let node = &self.nodes[at];
        let start = self.cursor.start();
        if !node.enters(kind) {
            self.cursor.skip(kind)?;
            self.put(node, start, kind == Kind::Array);
            return Ok(Step::Done);
        }
        if kind == Kind::String {
            self.cursor.skip(kind)?;
            self.put(node, start, false);
            self.units(at, &self.text[start + 1..self.cursor.end() - 1]);
            return Ok(Step::Done);
        }
        let array = kind == Kind::Array;
        self.frames.push(Frame {
            node: at,
            start,
            array,
            index: 0,
            again: None,
            as_each: false,
        });
        if !array {
            return Ok(Step::Member(self.cursor.enter_object()?));
        }
        if let Some(each) = node.each {
            self.open_lists(&self.nodes[each]);
        }
        Ok(Step::Element(self.cursor.enter_array()?))
    }

    fn put(&mut self, node: &Node, start: usize, array: bool) {
        let end = self.cursor.end();
        for &slot in &node.whole {
            self.slots[slot].put(self.text, start, end);
        }
        if array {
            for &slot in &node.whole_array {
                self.slots[slot].put(self.text, start, end);
            }
        }
    }

    fn leave(&mut self) -> Step {
        let frame = self.frames.pop().expect("a container is left that was entered");
        let node = &self.nodes[frame.node];
        if frame.array {
            if let Some(length) = node.length {
                self.put_made(&self.nodes[length], &frame.index.to_string());
            }
            if let Some(each) = node.each {
                self.close_lists(&self.nodes[each]);
            }
        }
        self.put(node, frame.start, frame.array);
        Step::Done
    }

    fn put_made(&mut self, node: &Node, value: &str) {
        for &slot in &node.whole {
            self.slots[slot].put_made(value);
        }
    }

    fn member(&mut self, key: Key) -> Result<Step, Refused> {
        let frame = self.frames.last().expect("a member is read in an object");
        let node = &self.nodes[frame.node];
        let Some(child) = find(node, &self.text[key.start..key.end], key.escaped) else {
            let kind = self.cursor.begin()?;
            self.cursor.skip(kind)?;
            return Ok(Step::Member(self.cursor.next_member()?));
        };
        // The last of repeated keys counts, whatever an earlier one had below it.
        for &slot in &self.nodes[child].below {
            self.slots[slot].reset();
        }
        Ok(Step::Value(child))
    }

    fn element(&mut self) -> Result<Step, Refused> {
        let frame = self.frames.last_mut().expect("an element is read in an array");
        let node = &self.nodes[frame.node];
        let indexed = node.index(frame.index);
        if let Some(each) = node.each {
            frame.as_each = true;
            if let Some(indexed) = indexed {
                self.cursor.begin()?;
                frame.again = Some((self.cursor.start(), indexed));
            }
            for &slot in &self.nodes[each].below {
                let slot = &mut self.slots[slot];
                slot.mark = slot.made.len();
                slot.found = false;
            }
            return Ok(Step::Value(each));
        }
        if let Some(indexed) = indexed {
            return Ok(Step::Value(indexed));
        }
        let past = node
            .indexes
            .last()
            .is_none_or(|&(last, _)| last as usize <= frame.index);
        let kind = self.cursor.begin()?;
        self.cursor.skip(kind)?;
        if past && node.length.is_none() {
            self.cursor.skip_elements()?;
            return Ok(Step::Element(false));
        }
        Ok(Step::Done)
    }

    fn element_read(&mut self) -> Result<Step, Refused> {
        let frame = self.frames.last_mut().expect("an element is read in an array");
        if frame.as_each {
            frame.as_each = false;
            if let Some(each) = self.nodes[frame.node].each {
                for &slot in &self.nodes[each].below {
                    let slot = &mut self.slots[slot];
                    if !slot.found {
                        slot.made.push_str("null,");
                    }
                    slot.found = true;
                }
            }
        }
        if let Some((start, node)) = frame.again.take() {
            self.cursor.rewind(start);
            return Ok(Step::Value(node));
        }
        frame.index += 1;
        Ok(Step::Element(self.cursor.next_element()?))
    }

    /// An array begins whose every element is wanted.
    fn open_lists(&mut self, each: &Node) {
        for &slot in &each.below {
            let slot = &mut self.slots[slot];
            self.marks.push(slot.mark);
            slot.found = true;
            if each.level == 1 {
                slot.made.clear();
                slot.made.push('[');
            } else if slot.lists == Some(Lists::Nested) {
                slot.made.push('[');
            }
        }
    }

    fn close_lists(&mut self, each: &Node) {
        for &slot in each.below.iter().rev() {
            let slot = &mut self.slots[slot];
            slot.mark = self.marks.pop().expect("a mark was kept for each list");
            slot.found = true;
            if each.level > 1 && slot.lists == Some(Lists::Nested) {
                slot.close_list();
                slot.made.push(',');
            }
        }
    }

    /// The units and the length of a string, and of the strings that its units are.
    fn units(&mut self, at: usize, raw: &str) {
        let mut strings = vec![(at, Cow::Borrowed(raw))];
        while let Some((at, raw)) = strings.pop() {
            let node = &self.nodes[at];
            if let Some(length) = node.length {
                self.put_made(&self.nodes[length], &utf16_units(&raw).count().to_string());
            }
            let mut wanted = node.indexes.iter().peekable();
            for (index, unit) in utf16_units(&raw).enumerate() {
                let Some(&(_, child)) = wanted.next_if(|(wanted, _)| *wanted as usize == index) else {
                    if wanted.peek().is_none() {
                        break;
                    }
                    continue;
                };
                let unit = unit_text(unit);
                self.put_made(&self.nodes[child], &unit);
                strings.push((child, Cow::Owned(unit[1..unit.len() - 1].to_owned())));
            }
        }
    }
}

fn find(node: &Node, raw: &str, escaped: bool) -> Option<usize> {
    let plain = if escaped {
        Cow::Owned(unescaped(raw)?)
    } else {
        Cow::Borrowed(raw)
    };
    node.members
        .iter()
        .find(|(key, _)| **key == *plain)
        .map(|&(_, child)| child)
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
