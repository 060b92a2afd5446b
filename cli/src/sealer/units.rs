//! Sizes, amounts and numbers as the Go programs print and read them.

use venus_core::{BigInt, SectorNumber, TokenAmount};

const UNITS: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Reads bytes such as `2KiB`, `512M` or `34359738368`; units are binary.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    let error = || format!("`{text}` is no size; write it like 2KiB, 512MiB or 32GiB");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit);
    let unit = unit.strip_suffix('i').unwrap_or(unit);
    let power = ["", "k", "m", "g", "t", "p"].iter().position(|known| *known == unit);
    let power = power.and_then(|power| u32::try_from(power).ok()).ok_or_else(error)?;
    let number: u64 = number.parse().map_err(|_| error())?;
    number.checked_mul(1024u64.pow(power)).ok_or_else(error)
}

/// Bytes in binary units, four digits: `1.5 TiB`.
pub(super) fn size(bytes: impl Into<BigInt>) -> String {
    let (value, unit) = scaled(&bytes.into());
    format!("{} {unit}B", significant(value, 4))
}

/// A number in binary units without a name, three digits: `15 Ti`.
pub(super) fn deci(number: &BigInt) -> String {
    let (value, unit) = scaled(number);
    format!("{} {unit}", significant(value, 3))
}

fn scaled(number: &BigInt) -> (f64, &'static str) {
    let mut value = float(number);
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value.abs() >= 1024.0 {
        let Some(next) = units.next() else { break };
        (unit, value) = (Some(next), value / 1024.0);
    }
    (value, unit.copied().unwrap_or_default())
}

/// A big number, as near as a float comes.
pub(super) fn float(number: &BigInt) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// `%.<digits>g` of C, for what is not tiny.
fn significant(value: f64, digits: usize) -> String {
    let whole = if value.abs() < 1.0 { 1 } else { value.abs().log10().floor() as usize + 1 };
    trimmed(format!("{value:.*}", digits.saturating_sub(whole)))
}

fn trimmed(text: String) -> String {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// An amount in the unit that makes it short, three places: `93.75 mFIL`.
pub(super) fn fil(amount: &TokenAmount) -> String {
    const PREFIXES: [&str; 7] = ["a", "f", "p", "n", "μ", "m", ""];
    let text = amount.atto().to_string();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    if digits == "0" {
        return "0".to_owned();
    }
    let step = ((digits.len() - 1) / 3).min(PREFIXES.len() - 1);
    let places = step * 3;
    // Whole thousandths, rounded half up; of FIL there may be more than a float has digits for.
    let thousandths = match places.checked_sub(3) {
        Some(cut) if cut > 0 => rounded(digits, cut),
        Some(_) => digits.to_owned(),
        None => format!("{digits}000"),
    };
    let point = thousandths.len().saturating_sub(3);
    let (whole, rest) = thousandths.split_at(point);
    let prefix = PREFIXES.get(step).copied().unwrap_or_default();
    format!("{sign}{} {prefix}FIL", trimmed(format!("{whole}.{rest}")))
}

/// A decimal number without its last `cut` digits, rounded half up.
fn rounded(digits: &str, cut: usize) -> String {
    let (kept, gone) = digits.split_at(digits.len().saturating_sub(cut));
    let up = gone.as_bytes().first().is_some_and(|digit| *digit >= b'5');
    match kept.parse::<u128>() {
        Ok(kept) => (kept + u128::from(up)).to_string(),
        Err(_) => kept.to_owned(),
    }
}

/// Numbers with runs drawn together: `1,3-5,8-9`.
pub(super) fn ranges(numbers: impl IntoIterator<Item = SectorNumber>) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let text = runs.into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    text.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_all_spellings() {
        for (text, bytes) in [
            ("2KiB", 2048),
            ("8MiB", 8 << 20),
            ("512M", 512 << 20),
            ("512MiB", 512 << 20),
            ("32GiB", 32 << 30),
            ("64 GB", 64 << 30),
            ("34359738368", 32 << 30),
            ("2048b", 2048),
            ("1k", 1024),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "2.5GiB", "-1", "2XiB", "99999999999999PiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_read_as_in_the_guide() {
        assert_eq!(size(512u64 << 20), "512 MiB");
        assert_eq!(size(3u64 << 29), "1.5 GiB");
        assert_eq!(size(0u64), "0 B");
        assert_eq!(size(1_000_000u64), "976.6 KiB");
        assert_eq!(deci(&0u64.into()), "0 ");
        assert_eq!(deci(&(15u64 << 40).into()), "15 Ti");
        assert_eq!(ranges([1, 3, 4, 5, 8, 9]), "1,3-5,8-9");
        assert_eq!(ranges([]), "");
    }

    #[test]
    fn amounts_are_short() {
        let atto = |text: &str| fil(&format!("{text} attoFIL").parse().unwrap());
        assert_eq!(atto("0"), "0");
        assert_eq!(atto("100"), "100 aFIL");
        assert_eq!(atto("1500"), "1.5 fFIL");
        assert_eq!(atto("93750000000000000"), "93.75 mFIL");
        assert_eq!(atto("383869400000000000000"), "383.869 FIL");
        assert_eq!(atto("383869500000000000000"), "383.87 FIL");
        assert_eq!(atto("-2000000000000000000"), "-2 FIL");
        assert_eq!(atto("1000000000000000000000000000"), "1000000000 FIL");
        assert_eq!(atto("999999900000000000"), "1000 mFIL");
    }
}
