//! What serde_json makes of a text and a path: the judge of our own extraction, in tests and in `fuzz`.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use webhook_core::json::{Path, Segment};

/// One path, by seeds, skipping the rest.
#[derive(Clone, Copy)]
struct Along<'p>(&'p [Segment]);

impl<'de> DeserializeSeed<'de> for Along<'_> {
    type Value = Option<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            return Ok(Some(raw.get().to_owned()));
        }
        if self.0[0] != Segment::Each {
            return deserializer.deserialize_any(self);
        }
        let raw: &RawValue = serde::Deserialize::deserialize(deserializer)?;
        // What isn't a list is one of one, except for null.
        let list = match raw.get() {
            "null" => return Ok(None),
            list if list.starts_with('[') => list.to_owned(),
            item => format!("[{item}]"),
        };
        let mut list = serde_json::Deserializer::from_str(&list);
        list.disable_recursion_limit();
        serde::Deserializer::deserialize_any(&mut list, self).map_err(serde::de::Error::custom)
    }
}

impl<'de> Visitor<'de> for Along<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let Segment::Key(key) = &self.0[0] else { return Ok(None) };
        let units: Vec<u16> = text.encode_utf16().collect();
        if &**key == "length" {
            return Ok((self.0.len() == 1).then(|| units.len().to_string()));
        }
        let unit = key
            .parse::<usize>()
            .ok()
            .filter(|at| at.to_string() == **key)
            .and_then(|at| units.get(at));
        let unit = unit.and_then(|unit| char::from_u32((*unit).into())).map(String::from);
        match unit {
            Some(unit) if self.0.len() == 1 => Ok(Some(serde_json::to_string(&unit).unwrap())),
            Some(unit) => Along(&self.0[1..]).visit_str(&unit),
            None => Ok(None),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            match &self.0[0] {
                Segment::Key(wanted) if **wanted == key => found = map.next_value_seed(Along(&self.0[1..]))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        match &self.0[0] {
            Segment::Each => {
                let rest = &self.0[1..];
                let mut list = Vec::new();
                while let Some(item) = seq.next_element_seed(Along(rest))? {
                    match item {
                        Some(items) if rest.contains(&Segment::Each) => {
                            let items = &items[1..items.len() - 1];
                            if !items.is_empty() {
                                list.push(items.to_owned());
                            }
                        }
                        item => list.push(item.unwrap_or_else(|| "null".to_owned())),
                    }
                }
                Ok(Some(format!("[{}]", list.join(","))))
            }
            Segment::Key(key) => {
                let mut found = None;
                let mut count = 0;
                loop {
                    let item = if count.to_string() == **key {
                        seq.next_element_seed(Along(&self.0[1..]))?.map(|item| found = item)
                    } else {
                        seq.next_element::<IgnoredAny>()?.map(drop)
                    };
                    if item.is_none() {
                        break;
                    }
                    count += 1;
                }
                if &**key == "length" && self.0.len() == 1 {
                    found = Some(count.to_string());
                }
                Ok(found)
            }
        }
    }
}

/// The value at a path as serde_json finds it, as JSON text.
pub fn reference(json: &str, path: &str) -> Result<Option<String>, serde_json::Error> {
    let along = |segments: &[Segment]| {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer.disable_recursion_limit();
        let value = Along(segments).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok::<_, serde_json::Error>(value)
    };
    if json.trim_start().starts_with('{') {
        if let Some(value) = along(&[Segment::Key(path.into())])? {
            return Ok(Some(value));
        }
    }
    along(Path::parse(path).segments())
}
