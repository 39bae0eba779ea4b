//! `execution`: in which order asynchronous events are executed.

use super::reader::Field;
use crate::json::{canonical, Path, PathSet, Segment};
use crate::limits::MAX_PARALLEL;

/// How many executions of a webhook run at a time, where the configuration doesn't say.
const DEFAULT_PARALLEL: u32 = 4;

/// In which order the events of a webhook are executed.
#[derive(Debug)]
pub enum Execution {
    /// One after another, as they came.
    Sequence,
    /// They begin as they came, and up to this many run side by side.
    Parallel(u32),
    /// Those with the same key one after another, those with other keys side by side.
    ByKey(Key),
}

/// What the key of an event is.
#[derive(Debug)]
pub struct Key {
    /// In the context, since that is what is known of an event that was stored: its own key first, then the path.
    paths: PathSet,
    /// How many keys are executed side by side at most.
    parallel: u32,
}

impl Execution {
    /// Returns how many executions run side by side at most.
    pub fn parallel(&self) -> u32 {
        match self {
            Self::Sequence => 1,
            Self::Parallel(parallel) | Self::ByKey(Key { parallel, .. }) => *parallel,
        }
    }

    /// Returns which of the executions of a webhook an event runs after, as a number below [`Execution::parallel`]. Events with the same
    /// key have the same number, in every process; values of equal meaning are the same key, and so is every absent one.
    ///
    /// ```
    /// use webhook_core::config::Config;
    /// let execution = serde_json::json!({ "order": { "by": "order.id" }, "parallel": 8 });
    /// let config = Config::read(&serde_json::json!({ "execution": execution })).unwrap();
    /// let lane = |body: &str| config.execution.lane(&format!(r#"{{"headers":{{}},"query":{{}},"body":{body}}}"#));
    /// assert_eq!(lane(r#"{"order":{"id":7}}"#), lane(r#"{"order":{"id":7.0},"more":true}"#));
    /// assert!(lane("{}") < 8);
    /// ```
    pub fn lane(&self, context: &str) -> u32 {
        let Self::ByKey(Key { paths, parallel }) = self else {
            return 0;
        };
        // A context is JSON.
        let found = paths.extract(context.as_bytes()).unwrap_or_default();
        let key = found.into_iter().flatten().next();
        key.map_or(0, |key| crc32fast::hash(canonical(&key).as_bytes()) % parallel)
    }
}

/// Reads `execution`: `{ order: "sequence" | "parallel" | { by }, parallel? }`.
pub(super) fn read_execution(execution: &Field<'_>) -> Execution {
    if execution.is_absent() || execution.object().is_none() {
        return Execution::Sequence;
    }
    let parallel = read_parallel(&execution.get("parallel"));
    let order = execution.get("order");
    match order.value().as_str() {
        Some("sequence") => return Execution::Sequence,
        Some("parallel") => return Execution::Parallel(parallel),
        _ if order.is_absent() => return Execution::Sequence,
        _ => {}
    }
    if !order.value().is_object() {
        order.issue("ORDER", "expected \"sequence\", \"parallel\" or { by }");
        return Execution::Sequence;
    }
    let by = order.get("by");
    let text = by.required_text().unwrap_or_default();
    let path = Path::parse(text);
    if text.is_empty() || path.segments().contains(&Segment::Each) {
        by.issue("PATH", "expected a path into the body without []");
        return Execution::Sequence;
    }
    let in_body = |segments: &[Segment]| {
        let body = [Segment::Key("body".into())];
        Path::from_segments(body.iter().chain(segments).cloned().collect()).to_string()
    };
    let own = in_body(&[Segment::Key(text.into())]);
    Execution::ByKey(Key {
        paths: PathSet::new([own.as_str(), in_body(path.segments()).as_str()]),
        parallel,
    })
}

fn read_parallel(parallel: &Field<'_>) -> u32 {
    if parallel.is_absent() {
        return DEFAULT_PARALLEL;
    }
    let number = parallel.value().as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| (1..=MAX_PARALLEL).contains(number));
    if number.is_none() {
        parallel.issue("PARALLEL", format!("expected a whole number from 1 to {MAX_PARALLEL}"));
    }
    number.unwrap_or(DEFAULT_PARALLEL)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{json, Value};

    use super::*;
    use crate::config::{check, Config};

    fn read(execution: &Value) -> Execution {
        Config::read(&json!({ "execution": execution })).unwrap().execution
    }

    #[test]
    fn is_in_sequence_unless_configured() {
        for execution in [json!(null), json!({}), json!({ "order": "sequence", "parallel": 8 })] {
            let read = read(&execution);
            assert_eq!((read.parallel(), read.lane("{}")), (1, 0), "{execution}");
        }
        assert_eq!(read(&json!({ "order": "parallel" })).parallel(), 4);
        assert_eq!(read(&json!({ "order": "parallel", "parallel": 50 })).parallel(), 50);
    }

    #[test]
    fn has_a_lane_for_each_key() {
        let by = read(&json!({ "order": { "by": "data.object.id" }, "parallel": 16 }));
        let lane = |id: &str| {
            by.lane(&format!(
                r#"{{"headers":{{}},"query":{{}},"body":{{"data":{{"object":{{"id":{id}}}}}}}}}"#
            ))
        };
        let lanes: HashSet<_> = (0..100).map(|id| lane(&id.to_string())).collect();
        assert_eq!(lanes.len(), 16);
        assert!(lanes.iter().all(|lane| *lane < 16));
        assert_eq!(lane("1e2"), lane("100"));
        assert_eq!(lane(r#""\u0061""#), lane(r#""a""#));
        // Known values, since another process of another version has to agree.
        assert_eq!([lane("1"), lane("2"), lane(r#""a""#)], [7, 13, 14]);
        let own = by.lane(r#"{"body":{"data.object.id":1,"data":{"object":{"id":2}}}}"#);
        assert_eq!(own, lane("1"));
        assert_eq!(by.lane(r#"{"body":[1]}"#), 0);
    }

    #[test]
    fn names_what_is_wrong() {
        for (execution, path, code) in [
            (json!(1), "execution", "WRONG_TYPE"),
            (json!({ "order": "random" }), "execution.order", "ORDER"),
            (json!({ "order": { "by": "" } }), "execution.order.by", "PATH"),
            (json!({ "order": { "by": "a[].b" } }), "execution.order.by", "PATH"),
            (
                json!({ "order": "parallel", "parallel": 0 }),
                "execution.parallel",
                "PARALLEL",
            ),
            (
                json!({ "order": "parallel", "parallel": 51 }),
                "execution.parallel",
                "PARALLEL",
            ),
        ] {
            let issues = check(&json!({ "execution": execution }));
            assert!(
                issues
                    .iter()
                    .any(|issue| (issue.path.as_str(), issue.code) == (path, code)),
                "{issues:?}"
            );
        }
    }
}
