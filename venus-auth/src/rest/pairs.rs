//! Forms: keys and values in queries and bodies.

/// Keys and values in the order in which they came.
pub(super) type Pairs = Vec<(String, String)>;

/// Reads `a=1&b=2`. What cannot be read is left out, and the first of it is the error.
pub(super) fn parse(text: &str) -> (Pairs, Option<String>) {
    let (mut pairs, mut first_error) = (Pairs::new(), None);
    for part in text.split('&').filter(|part| !part.is_empty()) {
        let pair = if part.contains(';') {
            Err("invalid semicolon separator in query".to_owned())
        } else {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            unescape(key).and_then(|key| Ok((key, unescape(value)?)))
        };
        match pair {
            Ok(pair) => pairs.push(pair),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    (pairs, first_error)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |at: usize| after.get(at).and_then(|c| char::from(*c).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let wrong = String::from_utf8_lossy(&after[..after.len().min(2)]);
                    return Err(format!("invalid URL escape \"%{wrong}\""));
                };
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            other => bytes.push(*other),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the fields of a `multipart/form-data` body; files are treated like fields.
pub(super) fn parse_multipart(content_type: &str, body: &[u8]) -> Result<Pairs, String> {
    let boundary = content_type
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
        .ok_or("no multipart boundary param in Content-Type")?;
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    let mut pairs = Pairs::new();
    let mut parts = text.split(delimiter.as_str());
    parts.next();
    for part in parts {
        if part.starts_with("--") {
            return Ok(pairs);
        }
        let (head, value) =
            part.split_once("\r\n\r\n").ok_or("multipart: NextPart: unexpected EOF")?;
        let name = head
            .split(['\r', '\n', ';'])
            .find_map(|field| field.trim().strip_prefix("name="))
            .map(|name| name.trim_matches('"').to_owned());
        if let Some(name) = name {
            pairs.push((name, value.strip_suffix("\r\n").unwrap_or(value).to_owned()));
        }
    }
    Err("multipart: NextPart: EOF".to_owned())
}
