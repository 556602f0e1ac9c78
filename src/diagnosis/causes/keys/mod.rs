//! Causes that change the key of an answer while the answer stays the same.

pub mod field_added;
pub mod model_field_added;
pub mod normalisation_lost;
pub mod per_process_seed;
pub mod serializer_drift;
pub mod version_bumped;
