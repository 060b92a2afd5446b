//! One line of InfluxDB's protocol.

use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// One call of `/verify`, in the words of the Go service.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    pub(crate) at: SystemTime,
    pub(crate) elapsed: Duration,
    /// Whether the token was found good.
    pub(crate) verified: bool,
    /// The answer's body, or the error.
    pub(crate) message: &'a str,
    /// Whose token it is; empty if it is not good.
    pub(crate) name: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) svc_name: &'a str,
    pub(crate) span_id: &'a str,
    pub(crate) pre_host: &'a str,
    /// What may be shown of the token.
    pub(crate) fingerprint: &'a str,
}

impl Access<'_> {
    pub(crate) fn to_line(&self) -> String {
        let mut line = "verify".to_owned();
        let level = if self.verified { "trace" } else { "error" };
        let tags =
            [("ip", self.ip), ("level", level), ("name", self.name), ("svcName", self.svc_name)];
        // A tag cannot be empty.
        for (key, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
            line += &format!(",{key}={}", tag(value));
        }
        let _ = write!(line, " elapsed={}i", self.elapsed.as_millis());
        for (key, value) in [
            ("message", self.message),
            ("preHost", self.pre_host),
            ("spanId", self.span_id),
            ("token", self.fingerprint),
        ] {
            line += &format!(",{key}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        }
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let _ = write!(line, " {}", since.as_nanos());
        // A line is one line.
        line.replace(['\n', '\r'], " ")
    }
}

fn tag(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '=' | ' ' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_tags_fields_and_time() {
        let access = Access {
            at: UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001),
            elapsed: Duration::from_micros(3_900),
            verified: true,
            message: "{\"name\":\"a b\"}",
            name: "a b,c=d",
            ip: "10.0.0.1",
            svc_name: "",
            span_id: "7",
            pre_host: "h\nost",
            fingerprint: "0123abcd",
        };
        assert_eq!(
            access.to_line(),
            "verify,ip=10.0.0.1,level=trace,name=a\\ b\\,c\\=d elapsed=3i,\
             message=\"{\\\"name\\\":\\\"a b\\\"}\",preHost=\"h ost\",spanId=\"7\",\
             token=\"0123abcd\" 1700000000000000001"
        );
        let refused = Access { verified: false, name: "", ..access };
        assert!(refused.to_line().starts_with("verify,ip=10.0.0.1,level=error elapsed=3i"));
    }
}
