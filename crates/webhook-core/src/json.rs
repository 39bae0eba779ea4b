//! JSON text: its grammar, its paths, and the values along them.
//!
//! A body is never turned into a tree. [`PathSet::extract`] walks the text once along the wanted paths and gives the
//! values as JSON text; [`Variables`] puts them together as the object that a workflow sees; [`infer_json`] lists the
//! paths of a sample. What is accepted, and what it means, is what `JSON.parse` accepts and means.

pub mod assemble;
mod canonical;
mod checked;
mod cut;
mod decode;
#[cfg(test)]
mod differential;
mod extract;
mod fault;
mod indexed;
mod infer;
mod numbers;
mod path;
mod scalar;
mod scan;
mod trie;
mod walk;
mod writer;

pub use assemble::{Places, Target, Variables};
pub use canonical::canonical;
pub use cut::{cut, first_key};
pub use decode::{Decoder, Decoding};
pub use extract::{check, Unread, BOM};
pub use infer::{infer_json, infer_value_paths, Rows};
pub use numbers::spell_out;
pub use path::{Path, Segment};
pub use trie::PathSet;
pub use writer::{quote, quoted_length, write_string, TooLarge, Writer};
