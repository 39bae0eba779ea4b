//! Typed access to the stored JSON. Every value of a wrong type is an issue; nothing is ever passed over silently.

use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::ConfigIssue;

/// The issues found so far.
#[derive(Default)]
pub(super) struct Issues {
    list: RefCell<Vec<ConfigIssue>>,
    unusable: Cell<bool>,
}

impl Issues {
    /// The issues, and whether the configuration can't be used because of them.
    pub(super) fn into_parts(self) -> (Vec<ConfigIssue>, bool) {
        (self.list.into_inner(), self.unusable.get())
    }
}

/// A value of the configuration together with its place. `null` counts as absent.
pub(super) struct Field<'a> {
    value: &'a Value,
    path: String,
    issues: &'a Issues,
}

impl<'a> Field<'a> {
    /// The configuration itself.
    pub(super) fn root(value: &'a Value, issues: &'a Issues) -> Self {
        Self {
            value,
            path: String::new(),
            issues,
        }
    }

    /// The member `name`; absent if this isn't an object or doesn't have it.
    pub(super) fn get(&self, name: &str) -> Self {
        self.below(name, &self.value[name])
    }

    /// The element at `index`; absent if this isn't a list or doesn't have it.
    pub(super) fn element(&self, index: usize) -> Self {
        self.below(index, &self.value[index])
    }

    /// Another value in the place of this one.
    pub(super) fn with<'b>(&'b self, value: &'b Value) -> Field<'b> {
        Field {
            value,
            path: self.path.clone(),
            issues: self.issues,
        }
    }

    /// Reports members of an object other than these.
    pub(super) fn known(&self, names: &[&str]) {
        let Some(members) = self.value.as_object() else {
            return;
        };
        if members.keys().any(|name| !names.contains(&name.as_str())) {
            self.issue("UNKNOWN_FIELD", format!("expected no fields but {}", names.join(", ")));
        }
    }

    fn below(&self, name: impl std::fmt::Display, value: &'a Value) -> Self {
        let path = match self.path.as_str() {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        Self {
            value,
            path,
            issues: self.issues,
        }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn is_absent(&self) -> bool {
        self.value.is_null()
    }

    /// Whether the value is absent or `false`, which is how forms write "off".
    pub(super) fn is_off(&self) -> bool {
        matches!(self.value, Value::Null | Value::Bool(false))
    }

    /// The object, to read its members; `None` if absent.
    pub(super) fn object(&self) -> Option<&Self> {
        self.typed("an object", self.value.is_object().then_some(self))
    }

    /// The object, which has to be there.
    pub(super) fn required_object(&self) -> Option<&Self> {
        if self.is_absent() {
            self.wrong_type("an object");
        }
        self.object()
    }

    /// The elements of the list; `None` if absent.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        let list = self.value.as_array().map(|list| {
            let elements = list.iter().enumerate();
            elements.map(|(index, value)| self.below(index, value)).collect()
        });
        self.typed("a list", list)
    }

    /// The text; `None` if absent.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.typed("a text", self.value.as_str())
    }

    /// The text, which has to be there and not to be empty.
    pub(super) fn required_text(&self) -> Option<&'a str> {
        let text = self.value.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.issue("REQUIRED", self.not_empty());
        }
        text
    }

    /// The message for a text that is missing or empty.
    pub(super) fn not_empty(&self) -> String {
        format!("expected a text that is not empty, but found {}", kind(self.value))
    }

    /// The boolean; `None` if absent.
    pub(super) fn boolean(&self) -> Option<bool> {
        self.typed("true or false", self.value.as_bool())
    }

    fn typed<T>(&self, expected: &str, found: Option<T>) -> Option<T> {
        if found.is_none() && !self.is_absent() {
            self.wrong_type(expected);
        }
        found
    }

    pub(super) fn wrong_type(&self, expected: &str) {
        self.issue(
            "WRONG_TYPE",
            format!("expected {expected}, but found {}", kind(self.value)),
        );
    }

    /// Reports what makes the configuration unusable.
    pub(super) fn issue(&self, code: &'static str, message: impl Into<String>) {
        self.issues.unusable.set(true);
        self.note(code, message);
    }

    /// Reports what should be corrected, but changes neither who is accepted nor what the workflow gets.
    pub(super) fn note(&self, code: &'static str, message: impl Into<String>) {
        self.issues.list.borrow_mut().push(ConfigIssue {
            path: self.path.clone(),
            code,
            message: message.into(),
        });
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
