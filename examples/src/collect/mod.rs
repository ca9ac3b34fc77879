//! `ras collect`.

pub mod rasdaemon;
