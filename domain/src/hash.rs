//! Maps for what is looked up very often: a quicker hash than the standard one, seeded anew in every process, so that
//! nobody who chooses the keys can make them collide. Nothing may depend on their order.

/// A map.
pub(crate) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
