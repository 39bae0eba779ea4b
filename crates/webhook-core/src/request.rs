//! A request as it was received, before anything about it is trusted.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

/// The headers an endpoint looks at, names in lower case, in the order sent, repeated ones kept apart.
#[derive(Clone, Default)]
pub struct Headers<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

// Values hold credentials; only the names may show up in a message.
impl std::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

impl<'a> Headers<'a> {
    /// Takes over name and value pairs; names are lower-cased here.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<Cow<'a, str>>,
        V: Into<Cow<'a, str>>,
    {
        let pairs = pairs.into_iter();
        Self {
            pairs: pairs.map(|(name, value)| (lowercase(name), value.into())).collect(),
        }
    }

    /// Lists names, in lower case, and values, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Lists every value of a header; `name` in lower case.
    pub fn all<'h, 'n>(&'h self, name: &'n str) -> impl Iterator<Item = &'h str> + use<'h, 'n> {
        self.pairs
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| &**value)
    }

    /// Returns the first value of a header; `name` in lower case. Node does the same for headers that may appear only once.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// Lists each header once, where it is first, with all its values joined as by [`Headers::joined`].
    pub fn joined_all(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        // Comparing a few is faster than hashing them.
        let known = (self.pairs.len() > 32).then(|| {
            let mut all: HashMap<&str, Vec<&str>> = HashMap::with_capacity(self.pairs.len());
            for (name, value) in self.iter() {
                all.entry(name).or_default().push(value);
            }
            RefCell::new(all)
        });
        self.pairs.iter().enumerate().filter_map(move |(index, (name, value))| {
            if let Some(known) = &known {
                let values = known.borrow_mut().remove(&**name)?;
                return Some((&**name, values.join(", ").into()));
            }
            let is_other = |(other, _): &(Cow<'_, str>, _)| other != name;
            if !self.pairs[..index].iter().all(is_other) {
                return None;
            }
            let value = match self.pairs[index + 1..].iter().all(is_other) {
                true => Cow::Borrowed(&**value),
                false => self.joined(name)?.into(),
            };
            Some((&**name, value))
        })
    }

    /// Returns all values of a header joined as RFC 9110 section 5.2 joins them; `name` in lower case.
    pub fn joined(&self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        let mut joined = values.next()?.to_owned();
        for value in values {
            joined.push_str(", ");
            joined.push_str(value);
        }
        Some(joined)
    }
}

/// A request that isn't authenticated. Only
/// [`Endpoint::authenticate`](crate::endpoint::Endpoint::authenticate) turns it into one that may be parsed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method as sent, upper case.
    pub method: &'a str,
    /// The path after the key, without the slash between, as sent; may be empty.
    pub path: &'a str,
    /// The whole URL as it was called at this server; some senders sign the one that they called.
    pub url: &'a str,
    /// What follows the `?`, as sent; empty for none.
    pub query: &'a str,
    /// The headers that [`Endpoint::header_names`](crate::endpoint::Endpoint::header_names) lists.
    pub headers: &'a Headers<'a>,
    /// The body's exact bytes, as sent.
    pub body: &'a [u8],
    /// The address of the other end of the connection, as Node's `socket.remoteAddress` writes it; empty where it isn't known.
    pub peer: &'a str,
    /// The time as milliseconds since 1970.
    pub now: i64,
}

/// The text of a header whose bytes are UTF-8: Node gives each byte as a character of its own. `None` for any other, and for ASCII,
/// which is itself.
pub(crate) fn utf8_in(header: &str) -> Option<String> {
    if header.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> = header.chars().map(|c| u8::try_from(c).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// A text in lower case, as far as it is ASCII. Mostly it is already, and then nothing is copied.
pub(crate) fn lowercase<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let mut text = text.into();
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_mut().make_ascii_lowercase();
    }
    text
}

/// Whether a text is a token by RFC 9110 section 5.6.2, as names of headers and of their parameters are.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
