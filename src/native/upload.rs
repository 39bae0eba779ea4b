//! The files of an event.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::files::{media_type, Rules};
use webhook_core::{endpoint, event};

use crate::arguments::texts;
use crate::response::{text_or_rejection, Reply};

/// A file of a multipart body.
#[napi(object, object_from_js = false)]
pub struct UploadedFile {
    /// Its name, without a path and without control characters; at most 1,024 bytes, empty where it has none.
    pub filename: String,
    /// The media type that the sender named, in lower case and without parameters; `application/octet-stream` for none.
    pub mimetype: String,
    /// The media type by what is in it, else by its name; absent where neither tells.
    pub detected: Option<String>,
    /// What is in it.
    pub content: Buffer,
}

/// The files of an event that are to be kept, and the context once they are.
#[napi]
pub struct Upload {
    endpoint: Arc<endpoint::Endpoint>,
    upload: Box<event::Upload>,
}

impl Upload {
    /// The upload of an event of an endpoint.
    pub fn new(endpoint: Arc<endpoint::Endpoint>, upload: Box<event::Upload>) -> Self {
        Self { endpoint, upload }
    }
}

#[napi]
impl Upload {
    /// Name of the storage that they go to; `null` for the default one.
    #[napi(getter, catch_unwind)]
    pub fn storage(&self) -> Option<String> {
        self.upload.storage.name.clone()
    }

    /// The refusal of a file that is larger than `size` in bytes, or of a media type that is not in `types` (with commas in
    /// between, `*` for anything on its side of the slash); `null` for none.
    #[napi(catch_unwind)]
    pub fn refuse(&self, size: Option<f64>, types: Option<String>) -> Option<Reply> {
        let rules = Rules {
            size: size.map(|bytes| bytes as u64),
            types: types.as_deref(),
        };
        let refused = self.upload.files().find_map(|file| rules.check(file).err());
        refused.as_ref().map(Into::into)
    }

    /// The files, in the order sent. Each call copies them.
    #[napi(catch_unwind)]
    pub fn files(&self) -> Vec<UploadedFile> {
        self.upload
            .files()
            .map(|file| UploadedFile {
                filename: file.filename.clone(),
                mimetype: file.mimetype.clone(),
                detected: media_type(file).map(str::to_owned),
                content: file.content.to_vec().into(),
            })
            .collect()
    }

    /// The context of the event as JSON text, with what is known of the kept files, as JSON texts in the order of the files; or
    /// the refusal of an event whose variables are too large.
    #[napi(catch_unwind, ts_args_type = "records: Array<string>")]
    pub fn context(&self, env: &Env, records: Unknown) -> Result<Either<String, Reply>> {
        let records = texts(env, "records", records)?;
        Ok(text_or_rejection(self.endpoint.context(&self.upload, &records)))
    }
}
