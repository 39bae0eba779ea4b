//! Every rule about a webhook request, pure: no I/O, no clock, no Node.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod auth;
pub mod body;
pub mod checks;
pub mod config;
pub mod diagnose;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod files;
pub mod head;
pub mod json;
pub mod left_out;
pub mod limits;
pub mod query;
pub mod reading;
pub mod rejection;
pub mod reply;
pub mod request;
pub mod verification;
