//! JSON text: its grammar, its paths, and the values along them.
