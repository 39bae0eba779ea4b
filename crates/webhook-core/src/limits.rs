//! Every bound of the crate, each a named constant with its unit and its reason.
