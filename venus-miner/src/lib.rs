//! Makes blocks for many miners at once.
