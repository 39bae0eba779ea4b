//! The walk along compiled paths through a JSON text, and what it finds.

use std::borrow::Cow;

use super::scan::{utf16_units, Cursor, Key, Kind, Rejected};
use super::trie::{Lists, Node, PathSet, Place};
use super::writer::grow;
use crate::limits::{context_limit, step_limit};

/// What was found so far.
pub(super) struct Found {
    values: Vec<Value>,
    lists: Vec<List>,
    /// Values that aren't in the body.
    made: Vec<String>,
    /// Bytes of the lists and of these values.
    pub(super) copied: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Absent,
    /// Its start and end in the body.
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
        grow(&mut self.text, item.len() + 1);
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
    /// The text is rejected.
    Rejected,
    /// The values found exceed their limit.
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
    /// With the same value itself, after it was read as the element of a list of one.
    Itself,
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
            copied: 0,
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
            Ok(()) => {
                self.found.copied = context_limit(self.text.len()) - self.room;
                Ok(self.found)
            }
            Err(Rejected) if self.is_too_large => Err(Stopped::TooLarge),
            Err(Rejected) => Err(Stopped::Rejected),
        }
    }

    #[inline(always)]
    fn step(&mut self, steps: usize) -> Result<(), Rejected> {
        match self.steps.checked_sub(steps) {
            Some(left) => self.steps = left,
            None => return self.too_large(),
        }
        Ok(())
    }

    #[inline(always)]
    fn copy(&mut self, bytes: usize) -> Result<(), Rejected> {
        match self.room.checked_sub(bytes) {
            Some(left) => self.room = left,
            None => return self.too_large(),
        }
        Ok(())
    }

    #[cold]
    fn too_large(&mut self) -> Result<(), Rejected> {
        self.is_too_large = true;
        Err(Rejected)
    }

    fn walk(&mut self) -> Result<(), Rejected> {
        self.value(0)?;
        while let Some(frame) = self.frames.last() {
            // From here on it goes on in the container that was entered last, until another one is or it ends.
            let entered = match frame.next {
                Next::Itself => {
                    self.itself()?;
                    continue;
                }
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

    /// Reads the value that comes next for a leaf. Of a repeated key the last value counts.
    #[inline(always)]
    fn leaf(&mut self, node: &Node) -> Result<(), Rejected> {
        self.step(node.values.len())?;
        let kind = self.cursor.begin()?;
        let start = self.cursor.start();
        self.cursor.skip(kind)?;
        let end = self.cursor.end();
        for &value in &node.values {
            self.found.values[value] = Value::Raw(start, end);
        }
        Ok(())
    }

    /// Reads the value that comes next for a node, or enters it and says so if something in it is wanted.
    #[inline(always)]
    fn value(&mut self, at: usize) -> Result<bool, Rejected> {
        let kind = self.cursor.begin()?;
        if self.nodes[at].each.is_some() && kind != Kind::Array && !self.is_null() {
            return self.list_of_one(at);
        }
        self.read(at, kind)
    }

    /// As [`Walk::value`], for a value of a known type, which is not read as a list of one.
    #[inline(always)]
    fn read(&mut self, at: usize, kind: Kind) -> Result<bool, Rejected> {
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

    /// Whether the value is `null`, which isn't a value and so isn't a list of one.
    fn is_null(&self) -> bool {
        self.text.as_bytes().get(self.cursor.start()) == Some(&b'n')
    }

    /// Reads a value that isn't an array as the element of a list of one, then as itself: XML has no other way to write such
    /// a list, and some senders of JSON leave the brackets away.
    #[inline(never)]
    fn list_of_one(&mut self, at: usize) -> Result<bool, Rejected> {
        let start = self.cursor.start();
        let Some(each) = self.nodes[at].each else {
            return Ok(false);
        };
        self.open_lists(&self.nodes[each])?;
        self.begin_element(each)?;
        self.frames.push(Frame {
            node: at,
            start,
            array: false,
            next: Next::Itself,
            index: 0,
            again: None,
            as_each: false,
        });
        if self.value(each)? {
            return Ok(true);
        }
        self.itself()
    }

    /// The innermost frame's value has been read as the element of a list of one: reads it as itself.
    fn itself(&mut self) -> Result<bool, Rejected> {
        let frame = self
            .frames
            .pop()
            .expect("a value is read as a list before it is read as itself");
        self.fill_lists(frame.node)?;
        if let Some(each) = self.nodes[frame.node].each {
            self.close_lists(&self.nodes[each])?;
        }
        self.step(self.cursor.end() - frame.start)?;
        self.cursor.rewind(frame.start);
        let kind = self.cursor.begin()?;
        self.read(frame.node, kind)
    }

    fn enter(&mut self, at: usize, kind: Kind) -> Result<(), Rejected> {
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
    fn put(&mut self, node: &Node, start: usize, array: bool) -> Result<(), Rejected> {
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
        } else if !node.arrays.is_empty() {
            self.put_list_of_one(node, start)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn put_list_of_one(&mut self, node: &Node, start: usize) -> Result<(), Rejected> {
        let item = &self.text[start..self.cursor.end()];
        if item == "null" {
            return Ok(());
        }
        self.step(16)?;
        for &value in &node.arrays {
            self.copy(size_of::<String>() + item.len() + 2)?;
            self.found.values[value] = Value::Made(self.found.made.len());
            self.found.made.push(format!("[{item}]"));
        }
        Ok(())
    }

    fn put_made(&mut self, node: &Node, text: &str) -> Result<(), Rejected> {
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
    fn leave(&mut self) -> Result<(), Rejected> {
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
    fn members(&mut self, mut more: bool) -> Result<bool, Rejected> {
        let frame = self.frames.last_mut().expect("a member is read in an object");
        frame.next = Next::Member;
        let node = &self.nodes[frame.node];
        while more {
            let Key { start, end, escaped } = self.cursor.key();
            match node.member(&self.text[start..end], escaped) {
                Some(child) if self.nodes[child].is_leaf => self.leaf(&self.nodes[child])?,
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
    fn reset(&mut self, node: &Node) -> Result<(), Rejected> {
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
    fn elements(&mut self, mut step: Step) -> Result<bool, Rejected> {
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
    fn element(&mut self, node: &Node) -> Result<Option<usize>, Rejected> {
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
        self.begin_element(each)?;
        Ok(Some(each))
    }

    /// An element begins that is read as "each".
    #[inline]
    fn begin_element(&mut self, each: usize) -> Result<(), Rejected> {
        self.step(self.nodes[each].lists_below.len())?;
        for &list in &self.nodes[each].lists_below {
            let list = &mut self.found.lists[list];
            list.mark = list.text.len();
            list.found = false;
        }
        Ok(())
    }

    /// An element of the innermost array has been read: what comes next.
    #[inline]
    fn element_read(&mut self) -> Result<Step, Rejected> {
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
    fn fill_lists(&mut self, node: usize) -> Result<(), Rejected> {
        let Some(each) = self.nodes[node].each else {
            return Ok(());
        };
        let mut missing = 0;
        for &list in &self.nodes[each].lists_below {
            let list = &mut self.found.lists[list];
            if !list.found {
                grow(&mut list.text, 5);
                list.text.push_str("null,");
                missing += 1;
            }
            list.found = true;
        }
        self.copy(missing * "null,".len())
    }

    /// An array begins whose every element is wanted.
    fn open_lists(&mut self, each: &Node) -> Result<(), Rejected> {
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

    fn close_lists(&mut self, each: &Node) -> Result<(), Rejected> {
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
    fn units(&mut self, at: usize, raw: &str) -> Result<(), Rejected> {
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

/// A string of one UTF-16 code unit as JSON text, a lone surrogate escaped as `JSON.stringify` does.
fn unit_text(unit: u16) -> String {
    match char::from_u32(u32::from(unit)) {
        Some('"') => r#""\"""#.to_owned(),
        Some('\\') => r#""\\""#.to_owned(),
        Some(c) if !c.is_control() => format!("\"{c}\""),
        _ => format!("\"\\u{unit:04x}\""),
    }
}
