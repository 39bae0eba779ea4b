//! Variables put together as one JSON object.

use std::borrow::Cow;
use std::collections::HashSet;

use super::checked::{Elements, Members};
use super::extract::{check, Unread, BOM};
use super::path::{as_index, Path, Segment};
use super::scan::unescaped;
use super::trie::{Lists, PathSet};
use super::writer::{quote, TooLarge, Writer};
use crate::error::ParseError;
use crate::limits::{MAX_ARRAY_INDEX, MAX_PATH_SEGMENTS};

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
    places: Places,
    /// Each target as it is written, where all of them are keys, and no two the same: then there is nothing to put together.
    keys: Option<Vec<String>>,
    /// For values that are laid over the whole: the keys that they get, as they are written. One that has none is there already.
    over_whole: Option<Vec<Option<String>>>,
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
            places: Places::new(&targets),
            over_whole: None,
        }
    }

    /// Compiles the items to be laid over the whole value, if that is an object: an item's own key wins over the same key of it. Of any
    /// other value the items are read alone.
    ///
    /// ```
    /// use webhook_core::json::Variables;
    /// let variables = Variables::over_whole([("data.id", Some("id"))]);
    /// assert_eq!(variables.read(br#"{"data":{"id":7}}"#).unwrap(), r#"{"data":{"id":7},"id":7}"#);
    /// assert_eq!(variables.read(b"[1]").unwrap(), "{}");
    /// ```
    pub fn over_whole<'i>(items: impl IntoIterator<Item = (&'i str, Option<&'i str>)> + Clone) -> Self {
        let keys = items.clone().into_iter().map(|(_, key)| key.map(quote)).collect();
        Self {
            over_whole: Some(keys),
            ..Self::new(items)
        }
    }

    /// Returns the variables as the text of a JSON object; without any item the whole value, as written in `json`.
    ///
    /// # Errors
    /// Those of [`PathSet::extract`].
    pub fn read(&self, json: &[u8]) -> Result<String, ParseError> {
        let mut out = Writer::new(json.len());
        self.write(json, &mut out).map_err(|unread| unread.into_error(json))?;
        Ok(out.into_text())
    }

    /// Writes the variables as a JSON object; without any item the whole value, as written in `json`. Returns whether any item was
    /// found, or there is none.
    ///
    /// A path that leads nowhere gives no key. An element that lacks the rest of a path gives `null`.
    ///
    /// # Errors
    /// Those of [`PathSet::extract`], and [`Unread::TooLarge`] where `out` has no room for it.
    pub fn write(&self, json: &[u8], out: &mut Writer) -> Result<bool, Unread> {
        // The query that most requests have.
        if json == b"{}" {
            out.push("{}")?;
            return Ok(self.places.targets == 0);
        }
        if self.places.targets == 0 {
            out.push(check(json).map_err(Unread::Malformed)?)?;
            return Ok(true);
        }
        let (found, text) = self.paths.find(json)?;
        out.hold(found.copied)?;
        let own = match self.keys {
            Some(_) => vec![],
            None => found.own_keys(&self.paths),
        };
        let values = found.take(&self.paths, text);
        let is_found = values.iter().any(Option::is_some);
        let whole = text.strip_prefix(BOM).unwrap_or(text).trim_ascii();
        match (&self.over_whole, &self.keys) {
            (Some(keys), _) if whole.starts_with('{') => lay_over(whole, keys, &values, out)?,
            (_, Some(keys)) => flat(keys, &values, out)?,
            (_, None) => {
                let items = values.iter().map(Option::as_deref).collect();
                self.places.write(items, own, out)?;
            }
        }
        Ok(is_found)
    }
}

/// Writes an object, which has no white space around it, as it is, followed by values under further keys: of keys that are repeated the last counts.
fn lay_over(
    object: &str,
    keys: &[Option<String>],
    values: &[Option<Cow<'_, str>>],
    out: &mut Writer,
) -> Result<(), TooLarge> {
    let inside = object.strip_suffix('}').unwrap_or(object);
    out.push(inside)?;
    let mut is_empty = inside[1..].trim_ascii().is_empty();
    for (key, value) in keys.iter().zip(values) {
        let (Some(key), Some(value)) = (key, value) else {
            continue;
        };
        out.push(if is_empty { "" } else { "," })?;
        out.push(key)?;
        out.push(":")?;
        out.push(value)?;
        is_empty = false;
    }
    out.push("}")
}

/// Writes an object whose keys are different ones, each as it is written in JSON; a key without a value is left out.
///
/// # Errors
/// `out` has no room for it.
pub fn flat(keys: &[String], values: &[Option<Cow<'_, str>>], out: &mut Writer) -> Result<(), TooLarge> {
    let present = || {
        keys.iter()
            .zip(values)
            .filter_map(|(key, value)| Some((key, value.as_deref()?)))
    };
    let length: usize = present().map(|(key, value)| key.len() + value.len() + 2).sum();
    out.reserve(length + 2);
    let mut before = "{";
    for (key, value) in present() {
        out.push(before)?;
        out.push(key)?;
        out.push(":")?;
        out.push(value)?;
        before = ",";
    }
    out.push(if before == "{" { "{}" } else { "}" })
}

/// Where values go in one JSON object, compiled. They are put together with the meaning of lodash's `set`.
///
/// What is below a value that is there as a whole is part of it. Where it isn't (the root's own key `a.b` besides `a`), the
/// value is written with it in its place. Indexes below [`MAX_ARRAY_INDEX`] make arrays, holes being `null`. The value of a
/// path with `[]` is a list, with a list in it for each further `[]`, and its items go to the elements. Every key is a plain
/// key, `__proto__` too.
///
/// Lists are read along while they are written, one element after the other: what is kept in memory doesn't depend on how
/// many elements there are.
#[derive(Debug, Clone)]
pub struct Places {
    /// A tree; the root is the first.
    places: Vec<Place>,
    targets: usize,
    /// The targets that are an own key of the root, as it is written: their value isn't that of a path.
    own: Vec<bool>,
    /// Lists that may be no list but the value of the root's own key that is the whole path; the key as it is written.
    lists: Vec<(usize, String)>,
}

#[derive(Debug, Clone, Default)]
struct Place {
    /// The values that go here as a whole; the last one counts.
    whole: Vec<usize>,
    /// The values whose items go to the elements here, or below them.
    lists: Vec<usize>,
    each: Option<usize>,
    members: Vec<Member>,
    /// Whether a member is one that makes an array.
    indexed: bool,
}

#[derive(Debug, Clone)]
struct Member {
    key: Box<str>,
    /// The key as it is written in JSON.
    written: String,
    index: Option<u32>,
    place: usize,
}

impl Places {
    /// Returns the places of the targets.
    pub fn new<'t>(targets: impl IntoIterator<Item = &'t Target>) -> Self {
        let mut places = Self {
            places: vec![Place::default()],
            targets: 0,
            own: Vec::new(),
            lists: Vec::new(),
        };
        for target in targets {
            let value = places.targets;
            places.targets += 1;
            let segments = match target {
                Target::Path(path) if (1..=MAX_PATH_SEGMENTS).contains(&path.segments().len()) => path.segments(),
                Target::Path(path) => &[Segment::Key(path.text().into())],
                Target::Key(key) => &[Segment::Key(key.as_str().into())],
            };
            places.own.push(matches!(target, Target::Key(_)));
            let mut at = 0;
            for segment in segments {
                at = match segment {
                    Segment::Key(key) => places.member(at, key),
                    Segment::Each => {
                        places.places[at].lists.push(value);
                        places.each(at)
                    }
                };
            }
            places.places[at].whole.push(value);
            if let Target::Path(path) = target
                && segments.contains(&Segment::Each)
            {
                places.lists.push((value, quote(path.text())));
            }
        }
        places
    }

    fn each(&mut self, at: usize) -> usize {
        let next = self.places.len();
        let each = *self.places[at].each.get_or_insert(next);
        if each == next {
            self.places.push(Place::default());
        }
        each
    }

    fn member(&mut self, at: usize, key: &str) -> usize {
        let next = self.places.len();
        let place = &mut self.places[at];
        if let Some(member) = place.members.iter().find(|member| *member.key == *key) {
            return member.place;
        }
        let index = as_index(key);
        place.indexed |= index.is_some_and(|index| index < MAX_ARRAY_INDEX);
        place.members.push(Member {
            key: key.into(),
            written: quote(key),
            index,
            place: next,
        });
        self.places.push(Place::default());
        next
    }

    /// Writes the values, given in the order of the targets; `own` says of which it is known that they are not part of any
    /// other one's, since they are those of an own key of the root.
    ///
    /// The values must be JSON texts, as [`PathSet::extract`] gives them.
    ///
    /// # Errors
    /// `out` has no room for it.
    pub fn write(&self, items: Vec<Option<&str>>, mut own: Vec<bool>, out: &mut Writer) -> Result<(), TooLarge> {
        for (own, is_key) in own.iter_mut().zip(&self.own) {
            *own |= is_key;
        }
        let mut assembly = Assembly {
            places: &self.places,
            any_own: own.contains(&true),
            own,
            items,
            out,
        };
        assembly.root(&self.lists)
    }
}

struct Assembly<'p, 'v, 'w> {
    places: &'p [Place],
    /// The value of each target; within an element, its item of the list.
    items: Vec<Option<&'v str>>,
    own: Vec<bool>,
    any_own: bool,
    out: &'w mut Writer,
}

/// A value that is there as a whole.
#[derive(Clone, Copy)]
struct Whole<'v> {
    text: &'v str,
    /// Whether it is the value of an own key of the root, of which nothing else is part.
    own: bool,
}

/// What a place is written as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Object,
    Array,
    /// An array that has other keys: JSON has none such, and an object is read by the same paths.
    KeyedArray,
}

impl<'v> Assembly<'_, 'v, '_> {
    /// The root, which is an object whatever it holds.
    fn root(&mut self, lists: &[(usize, String)]) -> Result<(), TooLarge> {
        self.out.push("{")?;
        let inside = self.out.text().len();
        let has_list = self.has_list(&[0]);
        if has_list {
            self.elements(&[0], None, inside, true)?;
        }
        self.members(&[0], inside, |member| has_list && member.index.is_some())?;
        for (value, key) in lists {
            if let Some(text) = self.items[*value].filter(|text| !text.starts_with('[')) {
                self.begin(inside, key)?;
                self.out.push(text)?;
            }
        }
        self.out.push("}")
    }

    /// Writes what goes to these places, which are one: several where an element is both "each" and one by its index. `whole`
    /// is the value that is there already. Writes nothing where there is nothing, and says so.
    fn put(&mut self, at: &[usize], whole: Option<Whole<'v>>) -> Result<bool, TooLarge> {
        self.out.step(1)?;
        let places = self.places;
        let mut values = at.iter().rev().flat_map(|&at| places[at].whole.iter().rev());
        let given = values.find_map(|&value| {
            Some(Whole {
                text: self.items[value]?,
                own: self.own[value],
            })
        });
        let whole = given.or(whole);
        if let Some(whole) = whole
            && (!self.any_own || !self.has_other(at, whole.own)?)
        {
            self.out.push(whole.text)?;
            return Ok(true);
        }
        let whole = whole.filter(|whole| whole.text.starts_with(['[', '{']));
        let form = self.form(at, whole)?;
        let start = self.out.text().len();
        self.out.push(if form == Form::Array { "[" } else { "{" })?;
        let inside = start + 1;
        match (form, whole) {
            (Form::Array, _) => self.elements(at, whole, inside, false)?,
            (Form::KeyedArray, _) => {
                self.elements(at, whole, inside, true)?;
                self.members(at, inside, |member| member.index.is_some())?;
            }
            (Form::Object, Some(whole)) => self.patched(at, whole, inside)?,
            (Form::Object, None) => self.members(at, inside, |_| false)?,
        }
        if self.out.text().len() == inside && whole.is_none() && !self.has_list(at) {
            self.out.truncate(start)?;
            return Ok(false);
        }
        self.out.push(if form == Form::Array { "]" } else { "}" })?;
        Ok(true)
    }

    /// Whether something below these places is not part of the value that is there as a whole.
    fn has_other(&mut self, at: &[usize], own: bool) -> Result<bool, TooLarge> {
        let places = self.places;
        for &at in at {
            let place = &places[at];
            self.out.step(1 + place.lists.len())?;
            let is_other = |value: usize| own || self.own[value];
            if place.lists.iter().any(|&list| is_other(list) && self.is_list(list)) {
                return Ok(true);
            }
            for member in &place.members {
                let mut whole = places[member.place].whole.iter();
                let is_other = |&value: &usize| (own || self.own[value]) && self.items[value].is_some();
                if whole.any(is_other) || self.has_other(&[member.place], own)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn is_list(&self, value: usize) -> bool {
        self.items[value].is_some_and(|text| text.starts_with('['))
    }

    fn has_list(&self, at: &[usize]) -> bool {
        let mut lists = at.iter().flat_map(|&at| &self.places[at].lists);
        lists.any(|&list| self.is_list(list))
    }

    /// Whether something goes to a place or below it.
    fn has_any(&mut self, at: usize) -> Result<bool, TooLarge> {
        self.out.step(1)?;
        let place = &self.places[at];
        if place.whole.iter().any(|&value| self.items[value].is_some()) || self.has_list(&[at]) {
            return Ok(true);
        }
        for member in &place.members {
            if self.has_any(member.place)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn form(&mut self, at: &[usize], whole: Option<Whole<'v>>) -> Result<Form, TooLarge> {
        let places = self.places;
        if whole.is_some_and(|whole| whole.text.starts_with('{')) {
            return Ok(Form::Object);
        }
        let has_elements = whole.is_some() || self.has_list(at);
        if !has_elements && !at.iter().any(|&at| places[at].indexed) {
            return Ok(Form::Object);
        }
        for member in at.iter().flat_map(|&at| &places[at].members) {
            let is_element = member
                .index
                .is_some_and(|index| has_elements || index < MAX_ARRAY_INDEX);
            if !is_element && self.has_any(member.place)? {
                return Ok(if has_elements { Form::KeyedArray } else { Form::Object });
            }
        }
        Ok(Form::Array)
    }

    /// A comma if something precedes it, then the key.
    fn begin(&mut self, inside: usize, written: &str) -> Result<(), TooLarge> {
        if self.out.text().len() > inside {
            self.out.push(",")?;
        }
        self.out.push(written)?;
        self.out.push(":")
    }

    /// Writes the members of an object but for those that are passed over.
    fn members(&mut self, at: &[usize], inside: usize, passed: impl Fn(&Member) -> bool) -> Result<(), TooLarge> {
        let places = self.places;
        for (earlier, &place) in at.iter().enumerate() {
            for member in places[place].members.iter().filter(|member| !passed(member)) {
                let start = self.out.text().len();
                let put = if at.len() == 1 {
                    self.begin(inside, &member.written)?;
                    self.put(&[member.place], None)?
                } else {
                    self.out.step(at.len())?;
                    if !self.named(&at[..earlier], &member.key)?.is_empty() {
                        continue;
                    }
                    let below = self.named(&at[earlier..], &member.key)?;
                    self.begin(inside, &member.written)?;
                    self.put(&below, None)?
                };
                if !put {
                    self.out.truncate(start)?;
                }
            }
        }
        Ok(())
    }

    /// The places of the members with this key.
    fn named(&mut self, at: &[usize], key: &str) -> Result<Vec<usize>, TooLarge> {
        let mut named = Vec::new();
        for &at in at {
            let members = &self.places[at].members;
            self.out.step(members.len())?;
            named.extend(
                members
                    .iter()
                    .find(|member| *member.key == *key)
                    .map(|member| member.place),
            );
        }
        Ok(named)
    }

    /// Writes the members of an object that is there as a whole, with what goes elsewhere in it in their place.
    fn patched(&mut self, at: &[usize], whole: Whole<'v>, inside: usize) -> Result<(), TooLarge> {
        // The last of repeated keys counts, at the place of the first.
        let mut last: Vec<(String, Option<&'v str>)> = Vec::new();
        for (key, value) in Members::new(whole.text) {
            self.out.step(16 + key.len() + value.len() + last.len())?;
            let Some(name) = unescaped(key) else { continue };
            if self.named(at, &name)?.is_empty() {
                continue;
            }
            match last.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = Some(value),
                None => last.push((name, Some(value))),
            }
        }
        for (key, value) in Members::new(whole.text) {
            self.out.step(16 + key.len() + last.len())?;
            let name = unescaped(key);
            let known = last.iter_mut().find(|(known, _)| Some(known) == name.as_ref());
            let Some((name, value_left)) = known else {
                self.begin(inside, &format!("\"{key}\""))?;
                self.out.push(value)?;
                continue;
            };
            let Some(text) = value_left.take() else { continue };
            let below = self.named(at, name)?;
            let whole = Whole { text, own: whole.own };
            self.begin(inside, &format!("\"{key}\""))?;
            self.put(&below, Some(whole))?;
        }
        self.members(at, inside, |member| last.iter().any(|(name, _)| **name == *member.key))
    }

    /// Writes the elements of an array, read along the lists that go to them; with their indexes as keys where it is `keyed`.
    fn elements(&mut self, at: &[usize], whole: Option<Whole<'v>>, inside: usize, keyed: bool) -> Result<(), TooLarge> {
        let places = self.places;
        let each: Vec<_> = at.iter().filter_map(|&at| places[at].each).collect();
        let lists: Vec<_> = at.iter().flat_map(|&at| &places[at].lists).copied().collect();
        let outside: Vec<_> = lists.iter().map(|&list| self.items[list]).collect();
        let mut items: Vec<_> = outside
            .iter()
            .map(|list| Elements::new(list.unwrap_or_default()))
            .collect();
        let mut there = Elements::new(whole.map_or("", |whole| whole.text));
        self.out.step(16 + lists.len())?;
        let mut indexed = Vec::new();
        for member in at.iter().flat_map(|&at| &places[at].members) {
            if let Some(index) = member.index
                && self.has_any(member.place)?
            {
                indexed.push((index, member.place));
            }
        }
        indexed.sort_unstable();
        let holes = indexed
            .iter()
            .map(|&(index, _)| index)
            .filter(|&index| index < MAX_ARRAY_INDEX);
        let bound = holes.max().map_or(0, |last| last + 1);
        let mut indexed = indexed.into_iter().peekable();
        for index in 0.. {
            let element = there.next();
            let mut more = element.is_some() || index < bound;
            let mut read = element.map_or(0, str::len);
            for (&list, items) in lists.iter().zip(&mut items) {
                let item = items.next();
                more |= item.is_some();
                read += 1 + item.map_or(0, str::len);
                self.items[list] = item;
            }
            if !more {
                break;
            }
            self.out.step(read)?;
            let start = self.out.text().len();
            if keyed {
                self.begin(inside, &format!("\"{index}\""))?;
            } else if start > inside {
                self.out.push(",")?;
            }
            let mut here = Cow::Borrowed(&each);
            while let Some((_, place)) = indexed.next_if(|&(wanted, _)| wanted == index) {
                here.to_mut().push(place);
            }
            let whole = element.map(|text| Whole {
                text,
                own: whole.is_some_and(|whole| whole.own),
            });
            if !self.put(&here, whole)? {
                if keyed {
                    self.out.truncate(start)?;
                } else {
                    self.out.push("null")?;
                }
            }
        }
        for (list, item) in lists.into_iter().zip(outside) {
            self.items[list] = item;
        }
        Ok(())
    }
}
