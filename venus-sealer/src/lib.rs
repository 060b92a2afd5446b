//! Seals, proves and keeps sectors of one miner.
