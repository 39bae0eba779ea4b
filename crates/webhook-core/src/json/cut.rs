//! JSON text without the values along some paths.

use std::borrow::Cow;

use super::path::{as_index, Path, Segment};
use super::scan::{unescaped, Cursor, Kind, Scan, Scanner};
use crate::error::ParseError;
use crate::limits::MAX_PATH_SEGMENTS;

/// Returns the text without what the paths lead to; `None` if nothing of it is there. Members are left out, with all of a key that is
/// repeated; elements become `null`, so that the others keep their places.
///
/// A path leads to what [`PathSet::extract`](super::PathSet::extract) finds, and to what it would find if other members were not
/// there: the root's own key as well as the path through it, and every member of one name.
///
/// # Errors
/// Those of [`check`](super::check).
pub fn cut(json: &[u8], paths: &[Path]) -> Result<Option<String>, ParseError> {
    let text = ParseError::check_utf8(json)?;
    let mut scanner = Scanner::new(json);
    let mut cuts = Cuts {
        cursor: &mut scanner,
        text,
        left: None,
        from: 0,
    };
    if cuts.root(paths).is_err() {
        return Err(scanner.fault().into_error(json));
    }
    let Cuts { left, from, .. } = cuts;
    Ok(left.map(|left| left + &text[from..]))
}

/// Returns the first key of an object; `None` if it has no key, and for anything that isn't an object.
pub fn first_key(json: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(json).ok()?;
    let mut scanner = Scanner::new(json);
    let is_object = scanner.begin().ok()? == Kind::Object && scanner.enter_object().ok()?;
    is_object.then(|| unescaped(scanner.key().text(text)))?
}

/// What is left of the paths that lead through a value.
type Rests<'p> = Vec<&'p [Segment]>;

struct Cuts<'c, 'a> {
    cursor: &'c mut Scanner<'a>,
    text: &'a str,
    /// What is left of the text as far as the last cut, if there was one, and where it ended.
    left: Option<String>,
    from: usize,
}

impl Cuts<'_, '_> {
    fn cut(&mut self, start: usize, end: usize, instead: &str) {
        let left = self.left.get_or_insert_with(|| String::with_capacity(self.text.len()));
        left.push_str(&self.text[self.from..start]);
        left.push_str(instead);
        self.from = end;
    }

    fn root(&mut self, paths: &[Path]) -> Scan<()> {
        let exact: Vec<_> = paths.iter().map(|path| [Segment::Key(path.text().into())]).collect();
        let within = |path: &&Path| (1..=MAX_PATH_SEGMENTS).contains(&path.segments().len());
        let rests = paths.iter().filter(within).map(Path::segments);
        self.value(rests.chain(exact.iter().map(<[Segment; 1]>::as_slice)).collect())?;
        self.cursor.finish()
    }

    /// Reads a value that some paths lead through, at most as deep as they are long.
    fn value(&mut self, mut rests: Rests<'_>) -> Scan<()> {
        let kind = self.cursor.begin()?;
        if kind != Kind::Array {
            // A list of one.
            for rest in &mut rests {
                while let [Segment::Each, more @ ..] = rest {
                    *rest = more;
                }
            }
        }
        let start = self.cursor.start();
        if rests.iter().any(|rest| rest.is_empty()) {
            self.cursor.skip(kind)?;
            self.cut(start, self.cursor.end(), "null");
            return Ok(());
        }
        match kind {
            Kind::Object if !rests.is_empty() => self.members(&rests),
            Kind::Array if !rests.is_empty() => self.elements(&rests),
            _ => self.cursor.skip(kind),
        }
    }

    fn members(&mut self, rests: &Rests<'_>) -> Scan<()> {
        // Where the last member ends that stays, and where a cut begins that takes the comma after it along.
        let mut kept = None;
        let mut open = None;
        let mut more = self.cursor.enter_object()?;
        while more {
            let key = self.cursor.key();
            let start = key.start - 1;
            if let Some(open) = open.take() {
                self.cut(open, start, "");
            }
            let written = key.text(self.text);
            let name = if key.escaped {
                unescaped(written).map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(written))
            };
            let below: Rests<'_> = rests
                .iter()
                .filter_map(|rest| match rest {
                    [Segment::Key(wanted), below @ ..] if name.as_deref() == Some(wanted) => Some(below),
                    _ => None,
                })
                .collect();
            if below.iter().any(|rest| rest.is_empty()) {
                let kind = self.cursor.begin()?;
                self.cursor.skip(kind)?;
                let end = self.cursor.end();
                match kept {
                    Some(kept) => self.cut(kept, end, ""),
                    None => open = Some(start),
                }
                if let Some(kept) = &mut kept {
                    *kept = end;
                }
            } else {
                self.value(below)?;
                kept = Some(self.cursor.end());
            }
            let end = self.cursor.end();
            more = self.cursor.next_member()?;
            if !more && let Some(open) = open.take() {
                self.cut(open, end, "");
            }
        }
        Ok(())
    }

    fn elements(&mut self, rests: &Rests<'_>) -> Scan<()> {
        let mut index = 0;
        let mut more = self.cursor.enter_array()?;
        while more {
            let below = rests.iter().filter_map(|rest| match rest {
                [Segment::Each, below @ ..] => Some(below),
                [Segment::Key(key), below @ ..] if as_index(key) == Some(index) => Some(below),
                _ => None,
            });
            self.value(below.collect())?;
            index += 1;
            more = self.cursor.next_element()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::PathSet;

    fn without(json: &str, paths: &[&str]) -> String {
        let paths: Vec<_> = paths.iter().map(|path| Path::parse(path)).collect();
        cut(json.as_bytes(), &paths).unwrap().unwrap_or_else(|| json.to_owned())
    }

    #[test]
    fn leaves_out_members_wherever_they_are() {
        for (json, path, left) in [
            (r#"{"a":1,"b":2,"c":3}"#, "a", r#"{"b":2,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, "b", r#"{"a":1,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, "c", r#"{"a":1,"b":2}"#),
            (r#"{ "a" : 1 }"#, "a", "{  }"),
            (r#"{"a":1,"a":2,"b":3,"a":4}"#, "a", r#"{"b":3}"#),
            (r#"{"b":3,"a":1,"a":2}"#, "a", r#"{"b":3}"#),
            (r#"{"a":{"b":{"c":1,"d":2}}}"#, "a.b.c", r#"{"a":{"b":{"d":2}}}"#),
            (r#"{"a.b":1,"a":{"b":2,"c":3}}"#, "a.b", r#"{"a":{"c":3}}"#),
            (r#"{"\u0061":1,"b":2}"#, "a", r#"{"b":2}"#),
            (r#"{"a":"{\"a\":1}"}"#, "b", r#"{"a":"{\"a\":1}"}"#),
            (r#"[{"a":1,"b":2},{"a":3}]"#, "[].a", r#"[{"b":2},{}]"#),
            (r#"{"v":[{"a":1},{"a":2}]}"#, "v[1].a", r#"{"v":[{"a":1},{}]}"#),
            (r#"{"v":{"a":1,"b":2}}"#, "v[].a", r#"{"v":{"b":2}}"#),
            (r#"{"v":[1,2,3]}"#, "v[1]", r#"{"v":[1,null,3]}"#),
            (r#"{"v":[1,2]}"#, "v[]", r#"{"v":[null,null]}"#),
            ("7", "a", "7"),
        ] {
            assert_eq!(without(json, &[path]), left, "{path} of {json}");
        }
        assert_eq!(without(r#"{"a":1,"b":2}"#, &["a", "b"]), "{}");
    }

    #[test]
    fn rejects_what_is_no_json() {
        let paths = [Path::parse("a")];
        assert_eq!(
            cut(b"{\"a\":1,}", &paths).unwrap_err().code,
            "JSON_UNEXPECTED_CHARACTER"
        );
        assert_eq!(cut(b"{\"a\":\xff}", &paths).unwrap_err().code, "UTF8_INVALID");
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::json!(1)),
            Just(serde_json::json!("x")),
            Just(serde_json::Value::Null)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn leaves_valid_json_in_which_the_paths_lead_nowhere(
            json in json(),
            paths in prop::collection::vec("[abc](\\.[abc]){0,3}", 1..4),
        ) {
            let compiled: Vec<_> = paths.iter().map(|path| Path::parse(path)).collect();
            let text = json.to_string();
            let left = cut(text.as_bytes(), &compiled).unwrap().unwrap_or_else(|| text.clone());
            let parsed: serde_json::Value = serde_json::from_str(&left).unwrap();
            let found = PathSet::new(paths.iter().map(String::as_str)).extract(left.as_bytes()).unwrap();
            prop_assert!(found.iter().all(Option::is_none), "{text} without {paths:?} is {left}");
            // Nothing else is changed: what is cut from a copy of the whole is the same.
            let mut expected = json.clone();
            for path in &paths {
                let keys: Vec<_> = path.split('.').collect();
                let (last, parents) = keys.split_last().unwrap();
                let parent = parents.iter().try_fold(&mut expected, |at, key| at.get_mut(*key));
                if let Some(members) = parent.and_then(serde_json::Value::as_object_mut) {
                    members.remove(*last);
                }
            }
            prop_assert_eq!(parsed, expected);
        }
    }
}
