//! Bodies that outlive the call that hands them over.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::JsValue;
use napi_derive::napi;

use crate::arguments::bytes::with_bytes;
use crate::arguments::{is_absent, misuse, text};

/// A large body, put together from its pieces in memory that JavaScript can't reach, so that a thread can read it without a copy.
///
/// ```js
/// const body = new Body(10)
/// body.append(Buffer.from('[1,2]')) // 5
/// await endpoint.judgeOffThread(head, body)
/// ```
#[napi(custom_finalize)]
pub struct Body {
    bytes: Arc<Vec<u8>>,
    capacity: u32,
    /// How much of it the garbage collector knows of.
    reported: u32,
}

#[napi]
impl Body {
    /// Makes an empty body with room for `capacity` bytes.
    ///
    /// Throws an `Error` if there isn't enough memory.
    #[napi(constructor, catch_unwind)]
    pub fn new(capacity: u32) -> Result<Self> {
        Ok(Self {
            bytes: Arc::new(room(capacity)?),
            capacity,
            reported: 0,
        })
    }

    /// The number of bytes that fit.
    #[napi(getter, catch_unwind)]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// The number of bytes.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Appends a piece and returns the new length.
    ///
    /// Throws a `TypeError` for a piece that isn't a `Uint8Array` or doesn't fit, and while the body is being judged.
    #[napi(catch_unwind, ts_args_type = "piece: Uint8Array")]
    pub fn append(&mut self, env: &Env, piece: Unknown) -> Result<u32> {
        let Some(bytes) = Arc::get_mut(&mut self.bytes) else {
            return misuse(env, "body", "one that isn't being judged");
        };
        let capacity = self.capacity as usize;
        let fits = with_bytes(env, "piece", piece.raw(), |piece| {
            let fits = piece.len() <= capacity - bytes.len();
            if fits {
                bytes.extend_from_slice(piece);
            }
            fits
        })?;
        if !fits {
            return misuse(env, "piece", "no larger than the room that is left");
        }
        self.report(env)?;
        Ok(self.length())
    }

    /// Empties the body, to fill it again.
    ///
    /// Throws an `Error` if it is still being judged and there isn't enough memory for another one.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) -> Result<()> {
        match Arc::get_mut(&mut self.bytes) {
            Some(bytes) => bytes.clear(),
            None => self.bytes = Arc::new(room(self.capacity)?),
        }
        Ok(())
    }
}

impl Body {
    /// Tells the garbage collector of the memory that holds bytes; it otherwise takes a body for a small object, and lets them
    /// pile up. Capacity without bytes doesn't count: otherwise each of hundreds of senders that only declare a length would trigger
    /// a full collection.
    fn report(&mut self, env: &Env) -> Result<()> {
        let length = self.length();
        if length > self.reported {
            env.adjust_external_memory((length - self.reported).into())?;
            self.reported = length;
        }
        Ok(())
    }
}

impl ObjectFinalize for Body {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-i64::from(self.reported))?;
        Ok(())
    }
}

fn room(capacity: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(capacity as usize)
        .map_err(|_| Error::from_reason(format!("not enough memory for a body of {capacity} bytes")))?;
    Ok(bytes)
}

/// The bytes of a body for a task on another thread, which JavaScript can neither change nor free.
pub struct Source(Arc<Vec<u8>>);

impl Source {
    /// An argument that is a `Uint8Array`, which is copied, or a `Body`. Throws a `TypeError` for anything else.
    pub fn new(env: &Env, argument: &str, body: Unknown) -> Result<Self> {
        if body.is_typedarray()? {
            return with_bytes(env, argument, body.raw(), |bytes| Self(Arc::new(bytes.to_vec())));
        }
        match ClassInstance::<Body>::from_unknown(body) {
            Ok(body) => Ok(Self(Arc::clone(&body.bytes))),
            Err(_) => misuse(env, argument, "a Uint8Array or a Body"),
        }
    }

    /// The same for an argument that may also be a string or left out.
    pub fn optional(env: &Env, argument: &str, body: Unknown) -> Result<Option<Self>> {
        if is_absent(&body)? {
            return Ok(None);
        }
        if body.get_type()? == ValueType::String {
            return text(env, argument, body).map(|text| Some(Self(Arc::new(text.into_bytes()))));
        }
        Self::new(env, argument, body).map(Some)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
