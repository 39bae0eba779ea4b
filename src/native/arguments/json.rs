//! Plain JavaScript values as JSON.

use std::fmt::{self, Display, Formatter};
use std::ptr;

use napi::bindgen_prelude::*;
use napi::{check_status, sys, KeyCollectionMode, KeyConversion, KeyFilter};
use serde_json::Value;

use super::{elements, is_absent, misuse, number, Texts, MAX_TEXT};

/// The most values in a JSON value, which take several times the memory of their text.
const MAX_VALUES: u32 = 1_000_000;

/// The most levels of a JSON value, as in `serde_json`.
const MAX_LEVELS: u32 = 127;

/// Returns an object's own enumerable keys, each also as text.
pub fn keys<'env>(
    env: &Env,
    argument: impl Display,
    object: &Object<'env>,
) -> Result<impl Iterator<Item = Result<(Unknown<'env>, String)>>> {
    let (filter, conversion) = (
        KeyFilter::Enumerable as u32 | KeyFilter::SkipSymbols as u32,
        KeyConversion::NumbersToStrings,
    );
    let mut keys = ptr::null_mut();
    // SAFETY: `object` is a value of this call.
    let keys = unsafe {
        check_status!(sys::napi_get_all_property_names(
            env.raw(),
            object.raw(),
            KeyCollectionMode::OwnOnly.into(),
            filter as _,
            conversion.into(),
            &mut keys,
        ))?;
        Unknown::from_napi_value(env.raw(), keys)?
    };
    let env = *env;
    let mut left = MAX_TEXT;
    Ok(elements(&env, argument, "an object", keys)?.map(move |key| {
        let key = key?;
        let mut texts = Texts { env: &env, left };
        let text = texts.read("each key of an object", key)?;
        left = texts.left;
        Ok((key, text))
    }))
}

/// Tells plain objects from others, such as a `Map`, whose content isn't in its keys and would be lost silently.
pub struct Prototypes<'env> {
    env: &'env Env,
    prototype_of: Function<'env, Unknown<'env>, Unknown<'env>>,
}

impl<'env> Prototypes<'env> {
    pub fn new(env: &'env Env) -> Result<Self> {
        // Unlike Node's own function it sees what is behind a proxy.
        let prototype_of = env
            .get_global()?
            .get_named_property::<Function<(), Unknown>>("Object")?
            .get_named_property("getPrototypeOf")?;
        Ok(Self { env, prototype_of })
    }

    /// Throws a `TypeError` for an object that isn't plain: that has a prototype other than `Object`'s, of any realm.
    pub fn plain(&self, argument: impl Display, object: &Object<'env>) -> Result<()> {
        let prototype = self.prototype_of.call(object.to_unknown())?;
        if is_absent(&prototype)? || is_absent(&self.prototype_of.call(prototype)?)? {
            return Ok(());
        }
        misuse(self.env, argument, "a plain object")
    }
}

/// Reads a plain JavaScript value as `JSON.stringify` writes it. Throws a `TypeError` for what that would leave out or replace,
/// such as a function, `NaN` or a `Map`: a configuration must not lose one of its checks silently.
pub fn json_value(env: &Env, argument: &str, value: Unknown) -> Result<Value> {
    let mut reader = JsonReader {
        env,
        texts: Texts::new(env),
        prototypes: Prototypes::new(env)?,
        values_left: MAX_VALUES,
    };
    match reader.read(&Place::Argument(argument), value, MAX_LEVELS)? {
        Some(value) => Ok(value),
        None => misuse(env, argument, JSON),
    }
}

const JSON: &str = "a value that JSON can hold";

/// Where in a JSON value something is; it becomes text for an error only.
enum Place<'a> {
    Argument(&'a str),
    Element(&'a Place<'a>, usize),
    Member(&'a Place<'a>, &'a str),
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(name) => f.write_str(name),
            Self::Element(list, index) => write!(f, "{list}[{index}]"),
            Self::Member(object, key) => write!(f, "{object}.{key:.100}"),
        }
    }
}

struct JsonReader<'env> {
    env: &'env Env,
    texts: Texts<'env>,
    prototypes: Prototypes<'env>,
    values_left: u32,
}

impl<'env> JsonReader<'env> {
    /// `None` for `undefined`.
    fn read(&mut self, place: &Place, value: Unknown<'env>, levels_left: u32) -> Result<Option<Value>> {
        let env = self.env;
        let Some(left) = self.values_left.checked_sub(1) else {
            return misuse(env, place, &format!("part of at most {MAX_VALUES} values"));
        };
        self.values_left = left;
        Ok(Some(match value.get_type()? {
            ValueType::Undefined => return Ok(None),
            ValueType::Null => Value::Null,
            // SAFETY: the type was checked.
            ValueType::Boolean => Value::Bool(unsafe { value.cast() }?),
            ValueType::Number => number_value(number(env, place, value)?),
            ValueType::String => Value::String(self.texts.read(place, value)?),
            ValueType::Object if levels_left == 0 => {
                return misuse(env, place, &format!("at most {MAX_LEVELS} levels deep"));
            }
            ValueType::Object if value.is_array()? => {
                let mut list = Vec::new();
                for item in elements(env, place, "an array", value)? {
                    let item = self.read(&Place::Element(place, list.len()), item?, levels_left - 1)?;
                    list.push(item.unwrap_or_default());
                }
                Value::Array(list)
            }
            ValueType::Object => {
                // SAFETY: the type was checked.
                let object: Object = unsafe { value.cast() }?;
                let to_json: Unknown = object.get_named_property("toJSON")?;
                if to_json.get_type()? == ValueType::Function {
                    // SAFETY: the type was checked.
                    let to_json: Function<(), Unknown> = unsafe { to_json.cast() }?;
                    let value = to_json.apply(object, ())?;
                    return self.read(place, value, levels_left - 1);
                }
                self.prototypes.plain(place, &object)?;
                let mut members = serde_json::Map::new();
                for key in keys(env, place, &object)? {
                    let (key, name) = key?;
                    let member = object.get_property(key)?;
                    if let Some(member) = self.read(&Place::Member(place, &name), member, levels_left - 1)? {
                        members.insert(name, member);
                    }
                }
                Value::Object(members)
            }
            _ => return misuse(env, place, JSON),
        }))
    }
}

/// A finite number; `1` and not `1.0`.
fn number_value(number: f64) -> Value {
    // All integers up to here are exact.
    const EXACT: f64 = (1_u64 << 53) as f64;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}
