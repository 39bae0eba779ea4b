//! Bodies that outlive the call that hands them over.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi::JsValue;
use napi_derive::napi;

use crate::arguments::bytes::with_bytes;
use crate::arguments::{is_absent, misuse};

/// A large body, put together from its pieces in memory that JavaScript can't reach: a thread can read it while JavaScript goes
/// on, without a copy.
#[napi(custom_finalize)]
pub struct Body {
    bytes: Arc<Vec<u8>>,
    capacity: u32,
}

#[napi]
impl Body {
    /// An empty body with room for `capacity` bytes.
    ///
    /// Throws an Error where there isn't as much memory.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: &Env, capacity: u32) -> Result<Self> {
        let bytes = Arc::new(room(capacity)?);
        // The garbage collector otherwise takes it for a small object and lets the memory pile up.
        env.adjust_external_memory(capacity.into())?;
        Ok(Self { bytes, capacity })
    }

    /// How many bytes there is room for.
    #[napi(getter, catch_unwind)]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many bytes there are.
    #[napi(getter, catch_unwind)]
    pub fn length(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Appends a piece and returns how many bytes there are now.
    ///
    /// Throws a TypeError for a piece that isn't a Uint8Array or for which there is no room, and while the body is being judged.
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
        Ok(self.length())
    }

    /// Empties the body for another one.
    ///
    /// Throws an Error where it is still being judged and there isn't as much memory again.
    #[napi(catch_unwind)]
    pub fn clear(&mut self) -> Result<()> {
        match Arc::get_mut(&mut self.bytes) {
            Some(bytes) => bytes.clear(),
            None => self.bytes = Arc::new(room(self.capacity)?),
        }
        Ok(())
    }
}

impl ObjectFinalize for Body {
    fn finalize(self, env: Env) -> Result<()> {
        env.adjust_external_memory(-i64::from(self.capacity))?;
        Ok(())
    }
}

fn room(capacity: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(capacity as usize)
        .map_err(|_| Error::from_reason(format!("there is no memory for a body of {capacity} bytes")))?;
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

    /// The same for an argument that may be left out.
    pub fn optional(env: &Env, argument: &str, body: Unknown) -> Result<Option<Self>> {
        if is_absent(&body)? {
            return Ok(None);
        }
        Self::new(env, argument, body).map(Some)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
