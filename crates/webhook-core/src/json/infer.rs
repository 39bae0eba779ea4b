use std::collections::HashMap;

use super::fault::{Fault, Wrong};
use super::path::{write_segment, Segment};
use super::scan::{unescaped, Cursor, Kind, Rejected, Scanner};
use crate::error::ParseError;
use crate::limits::{MAX_INFERRED_BYTES, MAX_INFERRED_PATHS, MAX_INFERRED_VALUES};

/// Which elements of an array get paths of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The first element, and of later ones what no element before them had: each shape once.
    Shapes,
    /// Every element.
    Every,
}

/// Lists a path for every key of a JSON sample, branches included, in the order in which they first appear: what the editor
/// offers for a body. `{"a":1,"b":{"c":2}}` gives `a`, `b`, `b.c`.
///
/// An array gives the paths of its first element, and of later elements those whose like no element before had:
/// `{"items":[{"id":1},{"id":2,"sku":"x"}]}` gives `items`, `items[0]`, `items[0].id`, `items[1].sku`. A key that would be
/// split is quoted, so that every path parses back to its key. A key with a lone surrogate can't be
/// said in a path and is left out, with what is below it.
///
/// # Errors
/// Those of [`PathSet::extract`](super::PathSet::extract), and `JSON_TOO_MANY_PATHS` beyond
/// [`MAX_INFERRED_PATHS`], [`MAX_INFERRED_BYTES`] or [`MAX_INFERRED_VALUES`].
///
/// ```
/// let paths = webhook_core::json::infer_json(br#"{"a":1,"b":{"c":2}}"#).unwrap();
/// assert_eq!(paths, ["a", "b", "b.c"]);
/// ```
pub fn infer_json(sample: &[u8]) -> Result<Vec<String>, ParseError> {
    infer_value_paths(sample, Rows::Shapes)
}

/// Does the same as [`infer_json`] for any JSON text and with a choice of the elements that get paths: a query that was turned into
/// JSON text names each index itself, so it wants every one.
///
/// # Errors
/// Those of [`infer_json`].
pub fn infer_value_paths(json: &[u8], rows: Rows) -> Result<Vec<String>, ParseError> {
    let text = ParseError::check_utf8(json)?;
    let mut scanner = Scanner::new(json);
    let too_many = |at, expected| {
        Fault {
            wrong: Wrong::Paths,
            at,
            expected,
        }
        .into_error(json)
    };
    let items = match read(text, &mut scanner) {
        Ok(items) if items.len() <= MAX_INFERRED_VALUES => items,
        Ok(items) => return Err(too_many(items[MAX_INFERRED_VALUES].at, "at most 50000 values")),
        Err(Rejected) => return Err(scanner.fault().into_error(json)),
    };
    list(&items, rows).map_err(|at| too_many(at, "at most 2000 paths with 1 MiB of text"))
}

/// A value of the sample.
struct Item {
    /// Its name in its parent; the root has none.
    segment: Option<Segment>,
    /// Where it begins.
    at: usize,
    /// Whether its parent is an array.
    element: bool,
    children: Vec<usize>,
}

/// A container that is being read.
struct Open {
    item: usize,
    array: bool,
    elements: usize,
    /// Of an object: place of each key among the children.
    keys: HashMap<Box<str>, usize>,
}

/// The sample as a tree in one list; the root is the first. It ends with one value more than may be looked at.
fn read(json: &str, scanner: &mut Scanner<'_>) -> Result<Vec<Item>, Rejected> {
    let mut items = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut segment = None;
    loop {
        let kind = scanner.begin()?;
        let item = items.len();
        let element = open.last().is_some_and(|parent| parent.array);
        items.push(Item {
            segment,
            at: scanner.start(),
            element,
            children: Vec::new(),
        });
        if items.len() > MAX_INFERRED_VALUES {
            return Ok(items);
        }
        let mut next = match kind {
            Kind::Object => {
                open.push(Open {
                    item,
                    array: false,
                    elements: 0,
                    keys: HashMap::new(),
                });
                scanner.enter_object()?.then(|| Some(scanner.key()))
            }
            Kind::Array => {
                open.push(Open {
                    item,
                    array: true,
                    elements: 0,
                    keys: HashMap::new(),
                });
                scanner.enter_array()?.then_some(None)
            }
            Kind::String | Kind::Other => {
                scanner.skip(kind)?;
                let Some(parent) = open.last() else {
                    scanner.finish()?;
                    return Ok(items);
                };
                if parent.array {
                    scanner.next_element()?.then_some(None)
                } else {
                    scanner.next_member()?.then(|| Some(scanner.key()))
                }
            }
        };
        // The next value belongs to the innermost container that has one left.
        loop {
            match next {
                Some(key) => {
                    let parent = open.last_mut().expect("a value belongs to a container");
                    let name = key.map(|key| unescaped(key.text(json)));
                    segment = add(parent, &mut items, name);
                    break;
                }
                None => {
                    open.pop();
                    next = match open.last() {
                        None => {
                            scanner.finish()?;
                            return Ok(items);
                        }
                        Some(parent) if parent.array => scanner.next_element()?.then_some(None),
                        Some(_) => scanner.next_member()?.then(|| Some(scanner.key())),
                    };
                }
            }
        }
    }
}

/// Notes the item that comes next as a child; its key, or none if a path can't express it (then it isn't a child either).
fn add(parent: &mut Open, items: &mut [Item], name: Option<Option<String>>) -> Option<Segment> {
    let coming = items.len();
    let children = &mut items[parent.item].children;
    let key: Box<str> = match name {
        None => {
            parent.elements += 1;
            (parent.elements - 1).to_string().into()
        }
        Some(name) => name?.into(),
    };
    // The last of repeated keys counts, at the place of the first.
    let place = *parent.keys.entry(key.clone()).or_insert(children.len());
    match children.get_mut(place) {
        Some(child) => *child = coming,
        None => children.push(coming),
    }
    Some(Segment::Key(key))
}

/// The paths of the items, or where the text gets too many.
fn list(items: &[Item], rows: Rows) -> Result<Vec<String>, usize> {
    let mut paths = Vec::new();
    let mut bytes = 0;
    let mut prefix = String::new();
    // Items still to be listed, the next one last: the item, the length of its parent's path, its parent's shape.
    let mut next = vec![(0, 0, 0)];
    // A shape is a path with all indexes of arrays left out; each has a number.
    let mut shapes: HashMap<(usize, Option<&str>), usize> = HashMap::new();
    while let Some((item, length, above)) = next.pop() {
        let item = &items[item];
        prefix.truncate(length);
        let mut shape = 0;
        if let Some(segment) = &item.segment {
            let unknown = shapes.len() + 1;
            let key = match segment {
                Segment::Key(key) if rows == Rows::Every || !item.element => Some(&**key),
                _ => None,
            };
            shape = *shapes.entry((above, key)).or_insert(unknown);
            write_segment(&mut prefix, segment, length == 0).expect("a string takes any text");
            if shape == unknown {
                bytes += prefix.len();
                if paths.len() == MAX_INFERRED_PATHS || bytes > MAX_INFERRED_BYTES {
                    return Err(item.at);
                }
                paths.push(prefix.clone());
            }
        }
        next.extend(item.children.iter().rev().map(|&child| (child, prefix.len(), shape)));
    }
    Ok(paths)
}
