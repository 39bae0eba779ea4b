//! Every rule about a webhook request, pure: no I/O, no clock, no Node.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod auth;
pub mod body;
pub mod config;
pub mod diagnose;
pub mod error;
pub mod files;
pub mod handshake;
pub mod json;
pub mod judge;
pub mod limits;
pub mod multipart;
pub mod pasted;
pub mod query;
pub mod rejection;
pub mod reply;
pub mod request;
pub mod xml;
