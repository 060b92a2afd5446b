//! In which time zone a database keeps its times.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Local, LocalResult, NaiveDateTime, SubsecRound, TimeZone, Utc};

/// The time zone of the `DATETIME`s of a database: Go services write the wall clock of the place
/// that `loc` names, without saying which place that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// That of the machine.
    Local,
    /// A place of the IANA list.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// UTC, what Go takes if nothing is said.
    pub const UTC: Self = Self::Named(chrono_tz::UTC);

    /// Reads a time. Of two that the end of summer time makes alike it is the first; one that its
    /// beginning leaves out is taken as UTC.
    pub fn read(self, time: NaiveDateTime) -> DateTime<Utc> {
        match self {
            Self::Local => resolve(Local.from_local_datetime(&time), time),
            Self::Named(zone) => resolve(zone.from_local_datetime(&time), time),
        }
    }

    /// The time as it is written into a `DATETIME` of so many digits after the second. The rest is
    /// cut off: the server would round up, into the future.
    pub fn write(self, time: DateTime<Utc>, digits: u16) -> NaiveDateTime {
        let local = match self {
            Self::Local => time.with_timezone(&Local).naive_local(),
            Self::Named(zone) => time.with_timezone(&zone).naive_local(),
        };
        local.trunc_subsecs(digits)
    }
}

fn resolve<Z: TimeZone>(found: LocalResult<DateTime<Z>>, time: NaiveDateTime) -> DateTime<Utc> {
    found.earliest().map_or_else(|| time.and_utc(), |time| time.with_timezone(&Utc))
}

impl FromStr for Zone {
    type Err = chrono_tz::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Local" => Ok(Self::Local),
            "" => Ok(Self::UTC),
            name => name.parse().map(Self::Named),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("Local"),
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_to_the_wall_clock_and_back() {
        let zone: Zone = "Asia/Shanghai".parse().unwrap();
        let time: DateTime<Utc> = "2026-11-24T20:00:00.617999Z".parse().unwrap();
        let written = zone.write(time, 3);
        assert_eq!(written.to_string(), "2026-11-25 04:00:00.617");
        assert_eq!(
            zone.read(written),
            "2026-11-24T20:00:00.617Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(zone.write(time, 0).to_string(), "2026-11-25 04:00:00", "not rounded up");
        assert_eq!(Zone::Local.read(Zone::Local.write(time, 9)), time);
        assert!("Nowhere/City".parse::<Zone>().is_err());
    }
}
