//! The files of an event.

use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use webhook_core::files::{media_type, Rules};
use webhook_core::{endpoint, event};

use crate::arguments::{texts, Str};
use crate::response::{text_or_rejection, Reply};

/// A file of a multipart body.
#[napi(object, object_from_js = false)]
pub struct UploadedFile {
    /// Its name, without a path and without control characters; at most 1,024 bytes, empty if it has none.
    pub filename: String,
    /// The media type that the sender gave, in lower case and without parameters; `application/octet-stream` for none.
    pub mimetype: String,
    /// The media type by its content, else by its name; absent if neither tells.
    pub detected: Option<String>,
    /// The exact bytes.
    pub content: Buffer,
}

/// The files of an event to save, and the context once they are saved.
///
/// ```js
/// const { upload } = judge(head, body)
/// const records = upload.files().map((file) => JSON.stringify(save(file)))
/// store(upload.context(records))
/// ```
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
    /// The name of their storage; `null` for the default one.
    #[napi(getter, catch_unwind)]
    pub fn storage(&self) -> Option<String> {
        self.upload.storage.name.clone()
    }

    /// Returns the rejection of the first file that is larger than `maxBytes`, or whose media type isn't in `types` (separated by
    /// commas, `*` for anything on its side of the slash); `null` if the storage accepts all.
    ///
    /// ```js
    /// upload.refuse(1_000_000, 'image/*,application/pdf')?.status // 413 for a file of 2 MB
    /// ```
    #[napi(
        catch_unwind,
        ts_args_type = "maxBytes?: number | undefined | null, types?: string | undefined | null",
        ts_return_type = "Rejection | null"
    )]
    pub fn refuse(&self, size: Option<f64>, types: Option<Str>) -> Option<Reply> {
        let rules = Rules {
            size: size.map(|bytes| bytes as u64),
            types: types.as_ref().map(|types| types.0.as_str()),
        };
        let rejected = self.upload.files().find_map(|file| rules.check(file).err());
        rejected.as_ref().map(Into::into)
    }

    /// Returns the files, in the order sent. Each call copies them.
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

    /// Returns the context of the event as JSON text, with what is known of the saved files: one JSON text for each, in order.
    /// Returns a rejection if the variables are too large.
    ///
    /// ```js
    /// upload.context(['{"id":1,"filename":"a.png"}'])
    /// ```
    #[napi(
        catch_unwind,
        ts_args_type = "records: string[]",
        ts_return_type = "string | Rejection"
    )]
    pub fn context(&self, env: &Env, records: Unknown) -> Result<Either<String, Reply>> {
        let records = texts(env, "records", records)?;
        Ok(text_or_rejection(self.endpoint.context(&self.upload, &records)))
    }
}
