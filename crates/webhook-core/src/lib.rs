//! Every rule about a webhook request, pure: no I/O, no clock, no Node.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod json;
pub mod limits;
pub mod query;
