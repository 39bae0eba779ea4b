//! The Node binding of [`webhook_core`]: types, conversion and exports. No rule about webhooks lives here.

mod dispatch;
mod json;
mod query;
mod types;

use napi_derive::napi;

/// Version of the native addon.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
