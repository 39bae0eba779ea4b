//! The Node binding of [`webhook_core`]: types, conversion and exports. No rule about webhooks lives here.

mod auth;
mod bare;
mod body;
mod convert;
mod dispatch;
mod editor;
mod json;
mod judge;
mod query;
mod types;
