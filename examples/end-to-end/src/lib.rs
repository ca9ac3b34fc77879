//! What several of the plays' programs need.

pub mod memory;
