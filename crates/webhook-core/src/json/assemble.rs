//! Variables put together as one JSON object.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::extract::{check, Lists, PathSet};
use super::path::{as_index, Path, Segment};
use super::scan::{utf16_units, Cursor, Refused, Scanner};
use crate::error::ParseError;
use crate::limits::MAX_ARRAY_INDEX;

/// Where a value goes in the variables object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An own key, taken as it is.
    Key(String),
    /// The place where lodash's `get` finds it by this path.
    Path(Path),
}

/// The configured values of a body (or of a query as JSON text), compiled: what is read, and where it goes.
///
/// ```
/// use webhook_core::json::Variables;
/// let variables = Variables::new([("data.id", None), ("data.tags", Some("body_$0"))]);
/// let body = br#"{"data":{"id":7,"tags":["a"],"rest":1}}"#;
/// assert_eq!(variables.read(body).unwrap(), r#"{"data":{"id":7},"body_$0":["a"]}"#);
/// ```
#[derive(Debug, Clone)]
pub struct Variables {
    paths: PathSet,
    targets: Vec<Target>,
    /// Each target as it is written, where all of them are keys, and no two the same: then there is nothing to put together.
    keys: Option<Vec<String>>,
}

impl Variables {
    /// Compiles the items: each a path and, where there is one, the own key that its value gets instead of its path.
    pub fn new<'i>(items: impl IntoIterator<Item = (&'i str, Option<&'i str>)>) -> Self {
        let mut paths = Vec::new();
        let mut targets = Vec::new();
        for (text, key) in items {
            let path = Path::parse(text);
            // Under a key of its own a list is flat; along a path each value goes to its element.
            let lists = if key.is_some() { Lists::Flat } else { Lists::Nested };
            targets.push(key.map_or_else(|| Target::Path(path.clone()), |key| Target::Key(key.to_owned())));
            paths.push((path, lists));
        }
        let plain = targets.iter().map(|target| match target {
            Target::Key(key) => Some(quote(key)),
            Target::Path(_) => None,
        });
        let keys = plain.collect::<Option<Vec<_>>>();
        Self {
            paths: PathSet::with_lists(paths),
            keys: keys.filter(|keys| keys.iter().collect::<HashSet<_>>().len() == keys.len()),
            targets,
        }
    }

    /// The variables as the text of a JSON object; without any item the whole value, as it stands in `json`.
    ///
    /// A path that leads nowhere gives no key. An element that lacks the rest of a path gives `null`.
    ///
    /// # Errors
    /// Those of [`PathSet::extract`].
    pub fn read<'a>(&self, json: &'a [u8]) -> Result<Cow<'a, str>, ParseError> {
        // The query that most requests have.
        if json == b"{}" {
            return Ok(Cow::Borrowed("{}"));
        }
        if self.targets.is_empty() {
            return check(json).map(Cow::Borrowed);
        }
        let values = self.paths.extract(json)?;
        if let Some(keys) = &self.keys {
            return Ok(Cow::Owned(flat(keys, &values)));
        }
        let found = self
            .targets
            .iter()
            .zip(values)
            .filter_map(|(target, value)| Some((target, value?)));
        Ok(Cow::Owned(object(found.collect())))
    }
}

/// The text of an object whose keys are different ones, each as it is written in JSON; a key without a value is left out.
pub fn flat(keys: &[String], values: &[Option<Cow<'_, str>>]) -> String {
    let present = || {
        keys.iter()
            .zip(values)
            .filter_map(|(key, value)| Some((key, value.as_deref()?)))
    };
    let length: usize = present().map(|(key, value)| key.len() + value.len() + 2).sum();
    let mut object = String::with_capacity(length + 2);
    object.push('{');
    for (key, value) in present() {
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(key);
        object.push(':');
        object.push_str(value);
    }
    object.push('}');
    object
}

/// Puts values together as the text of one JSON object, in the order given, with the meaning of lodash's `set`.
///
/// Where a path goes through a value that is there already (`b.c` after `b`), the value stays if it holds the other one
/// anyway, and is taken apart otherwise. Indexes below [`MAX_ARRAY_INDEX`] make arrays, holes being `null`. The value of
/// a path with `[]` is a list, with a list in it for each further `[]`, and its items go to the elements. Every key is a
/// plain key, `__proto__` too.
///
/// The values must be JSON texts, as [`PathSet::extract`] gives them.
pub fn object(values: Vec<(&Target, Cow<'_, str>)>) -> String {
    if values.is_empty() {
        return "{}".to_owned();
    }
    let mut root = Node::Object(Members::default());
    for (target, value) in &values {
        match target {
            Target::Key(key) => *root.child(key) = Node::Raw(value),
            Target::Path(path) => {
                let segments = path.segments();
                // The root's own key that is the whole path may have any value; it stays such a key where the segments
                // have no place for it.
                let lists = segments.contains(&Segment::Each);
                if segments.is_empty() || (lists && !value.starts_with('[')) {
                    *root.child(path.text()) = Node::Raw(value);
                } else {
                    set(&mut root, segments, value);
                }
            }
        }
    }
    let mut text = String::new();
    root.write(&mut text);
    text
}

enum Node<'v> {
    /// Nothing yet.
    Hole,
    Raw(&'v str),
    Object(Members<'v>),
    Array(Vec<Node<'v>>),
}

#[derive(Default)]
struct Members<'v> {
    /// Each key as written in JSON, and its value.
    list: Vec<(String, Node<'v>)>,
    /// By UTF-16 units, since a key of a body may have a lone surrogate.
    places: HashMap<Vec<u16>, usize>,
}

impl<'v> Members<'v> {
    fn get(&mut self, key: &str) -> &mut Node<'v> {
        self.entry(key.encode_utf16().collect(), || quote(key))
    }

    fn get_raw(&mut self, key: &str) -> &mut Node<'v> {
        self.entry(utf16_units(key).collect(), || format!("\"{key}\""))
    }

    fn entry(&mut self, units: Vec<u16>, written: impl FnOnce() -> String) -> &mut Node<'v> {
        let place = *self.places.entry(units).or_insert(self.list.len());
        if place == self.list.len() {
            self.list.push((written(), Node::Hole));
        }
        &mut self.list[place].1
    }
}

fn set<'v>(node: &mut Node<'v>, segments: &[Segment], value: &'v str) {
    let mut node = node;
    for (at, segment) in segments.iter().enumerate() {
        if let Node::Raw(raw) = node {
            if holds(raw, value, segment) {
                return;
            }
        }
        match segment {
            Segment::Key(key) => node = node.child(key),
            Segment::Each => {
                // A hole becomes an array even if there is no element.
                node.expand(true);
                let rest = &segments[at + 1..];
                let lists = rest.contains(&Segment::Each);
                for (index, item) in elements(value).into_iter().enumerate() {
                    let element = node.child_at(index);
                    // An element that lacks the next list has `null` for it: there is nothing to set.
                    if !lists || item.starts_with('[') {
                        set(element, rest, item);
                    }
                }
                return;
            }
        }
    }
    *node = Node::Raw(value);
}

/// Whether the value that is there gives the other one anyway when the path goes on with `segment`.
fn holds(raw: &str, value: &str, segment: &Segment) -> bool {
    // Both are mostly slices of one body; then lying within it is being part of it.
    let (outer, inner) = (raw.as_bytes().as_ptr_range(), value.as_bytes().as_ptr_range());
    if outer.start <= inner.start && inner.end <= outer.end {
        return true;
    }
    match (raw.as_bytes().first(), segment) {
        (Some(b'['), Segment::Each) => true,
        (Some(b'['), Segment::Key(key)) => &**key == "length",
        (Some(b'"'), Segment::Key(key)) => &**key == "length" || as_index(key).is_some(),
        _ => false,
    }
}

impl<'v> Node<'v> {
    /// Makes a container of what is none: of a raw object or array by taking it apart one level, of anything else anew.
    fn expand(&mut self, array: bool) {
        match self {
            Node::Object(_) | Node::Array(_) => {}
            Node::Raw(raw) if raw.starts_with('{') => {
                let mut members = Members::default();
                for (key, value) in raw_members(raw) {
                    *members.get_raw(key) = Node::Raw(value);
                }
                *self = Node::Object(members);
            }
            Node::Raw(raw) if raw.starts_with('[') => {
                *self = Node::Array(elements(raw).into_iter().map(Node::Raw).collect());
            }
            Node::Hole | Node::Raw(_) if array => *self = Node::Array(Vec::new()),
            Node::Hole | Node::Raw(_) => *self = Node::Object(Members::default()),
        }
    }

    fn child(&mut self, key: &str) -> &mut Node<'v> {
        let index = as_index(key).filter(|&index| index < MAX_ARRAY_INDEX);
        self.expand(index.is_some());
        if let Node::Array(elements) = self {
            match as_index(key).map(|index| index as usize) {
                Some(at) if index.is_some() || at < elements.len() => return self.child_at(at),
                // JSON has no arrays with other keys; an object is read by the same paths.
                _ => {
                    let mut members = Members::default();
                    for (at, element) in std::mem::take(elements).into_iter().enumerate() {
                        if !matches!(element, Node::Hole) {
                            *members.get(&at.to_string()) = element;
                        }
                    }
                    *self = Node::Object(members);
                }
            }
        }
        match self {
            Node::Object(members) => members.get(key),
            _ => unreachable!("what is no array was made an object"),
        }
    }

    fn child_at(&mut self, index: usize) -> &mut Node<'v> {
        match self {
            Node::Array(elements) => {
                if elements.len() <= index {
                    elements.resize_with(index + 1, || Node::Hole);
                }
                &mut elements[index]
            }
            _ => self.child(&index.to_string()),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Node::Hole => out.push_str("null"),
            Node::Raw(raw) => out.push_str(raw),
            Node::Array(elements) => {
                out.push('[');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Node::Object(members) => {
                out.push('{');
                for (at, (key, value)) in members.list.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    out.push_str(key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A text as a JSON string.
pub fn quote(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    write_string(&mut json, text);
    json
}

/// Appends a text as a JSON string.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0..=0x1F => "\\u00",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escape);
        if byte < b' ' {
            out.push(char::from(b"01"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out.push('"');
}

const CHECKED: &str = "a value given to be put together is JSON text";

/// The elements of an array's text.
fn elements(raw: &str) -> Vec<&str> {
    let read = || -> Result<Vec<&str>, Refused> {
        let mut scanner = Scanner::new(raw.as_bytes());
        let mut elements = Vec::new();
        scanner.begin()?;
        let mut more = scanner.enter_array()?;
        while more {
            let kind = scanner.begin()?;
            let start = scanner.start();
            scanner.skip(kind)?;
            elements.push(&raw[start..scanner.end()]);
            more = scanner.next_element()?;
        }
        Ok(elements)
    };
    read().expect(CHECKED)
}

/// The members of an object's text, keys as written.
fn raw_members(raw: &str) -> Vec<(&str, &str)> {
    let read = || -> Result<Vec<(&str, &str)>, Refused> {
        let mut scanner = Scanner::new(raw.as_bytes());
        let mut members = Vec::new();
        scanner.begin()?;
        let mut more = scanner.enter_object()?;
        while more {
            let key = scanner.key();
            let kind = scanner.begin()?;
            let start = scanner.start();
            scanner.skip(kind)?;
            members.push((key.text(raw), &raw[start..scanner.end()]));
            more = scanner.next_member()?;
        }
        Ok(members)
    };
    read().expect(CHECKED)
}
