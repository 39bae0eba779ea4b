//! Ways for a sender to prove who it is, one a file.

pub mod basic;
