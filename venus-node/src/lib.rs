//! The chain node: chain store, validation, message pool, embedded development chain.
