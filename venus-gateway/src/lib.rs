//! The bridge between shared services and the wallets and provers that dial in.
