//! What `up --until` waits for.

use std::{fmt, str::FromStr};

/// A state of the chain after which `up` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The head has at least this height.
    Head(i64),
    /// So many sectors of the new miners are proving on chain.
    Proving(u64),
    /// So many blocks of the new miners are on the canonical chain.
    Wins(u64),
}

/// What counts towards goals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Height of the head.
    pub head: i64,
    /// Proving sectors of the new miners.
    pub proving: u64,
    /// Blocks of the new miners on the canonical chain.
    pub wins: u64,
}

impl Goal {
    /// Whether it is reached.
    pub const fn is_reached(self, progress: Progress) -> bool {
        match self {
            Self::Head(height) => progress.head >= height,
            Self::Proving(sectors) => progress.proving >= sectors,
            Self::Wins(blocks) => progress.wins >= blocks,
        }
    }

    /// What is missing, for the operator.
    pub fn missing(self, progress: Progress) -> String {
        match self {
            Self::Head(height) => format!("the head is at {} of {height}", progress.head),
            Self::Proving(n) => format!("{} of {n} sectors are proving", progress.proving),
            Self::Wins(n) => format!("{} of {n} blocks are won", progress.wins),
        }
    }
}

/// The text is no goal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no goal; use head:HEIGHT, proving:SECTORS or wins:BLOCKS")]
pub struct GoalError(String);

impl FromStr for Goal {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Self, GoalError> {
        let error = || GoalError(text.to_owned());
        let (kind, number) = text.split_once(':').ok_or_else(error)?;
        let number: u64 = number.parse().map_err(|_| error())?;
        match kind {
            "head" => Ok(Self::Head(i64::try_from(number).map_err(|_| error())?)),
            "proving" => Ok(Self::Proving(number)),
            "wins" => Ok(Self::Wins(number)),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(n) => write!(f, "head:{n}"),
            Self::Proving(n) => write!(f, "proving:{n}"),
            Self::Wins(n) => write!(f, "wins:{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_read_and_told_apart() {
        let progress = Progress { head: 10, proving: 1, wins: 2 };
        for (text, reached) in
            [("head:10", true), ("head:11", false), ("proving:1", true), ("wins:3", false)]
        {
            let goal: Goal = text.parse().unwrap();
            assert_eq!(goal.to_string(), text);
            assert_eq!(goal.is_reached(progress), reached, "{text}");
        }
        for text in ["wins", "wins:", "wins:-1", "head:x", "height:3", ""] {
            let error = text.parse::<Goal>().unwrap_err().to_string();
            assert!(error.contains("head:HEIGHT"), "{error}");
        }
    }
}
