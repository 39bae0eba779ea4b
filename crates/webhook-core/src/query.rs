//! Query strings and forms, as the `qs` package reads them.
