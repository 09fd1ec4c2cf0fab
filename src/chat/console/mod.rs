//! The web console as a surface; `docket say` shares it.

pub mod receive;
pub mod render;
