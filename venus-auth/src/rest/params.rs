//! What a request says, whether in JSON or in a form, read by the rules of Go's `gin`.

use http::{Method, header, request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use venus_core::auth::parse_address;
use venus_core::chain::Address;

use super::{
    Failure,
    pairs::{Pairs, parse, parse_multipart},
};
use venus_core::duration::parse_go_duration;

/// A field of a request, by its names in Go, in JSON and in forms.
pub(super) struct Field {
    pub(super) go: &'static str,
    pub(super) json: &'static str,
    pub(super) form: &'static [&'static str],
}

/// A request before its fields are read.
pub(super) struct Params {
    form: Pairs,
    form_error: Option<String>,
    json: Option<Vec<u8>>,
    is_get: bool,
}

impl Params {
    pub(super) fn new(head: &Parts, body: &[u8]) -> Self {
        let (query, query_error) = parse(head.uri.query().unwrap_or_default());
        if head.method == Method::GET {
            // Go leaves out what it cannot read of a query.
            return Self { form: query, form_error: None, json: None, is_get: true };
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = content_type.split([';', ' ']).next().unwrap_or_default();
        let (mut form, mut form_error) = (Pairs::new(), None);
        match kind {
            "application/x-www-form-urlencoded" if head.method != Method::DELETE => {
                (form, form_error) = parse(&String::from_utf8_lossy(body));
            }
            "multipart/form-data" => match parse_multipart(content_type, body) {
                Ok(pairs) => form = pairs,
                Err(error) => form_error = Some(error),
            },
            _ => {}
        }
        form.extend(query);
        let json = (kind == "application/json").then(|| body.to_vec());
        Self { form, form_error: form_error.or(query_error), json, is_get: false }
    }

    /// A value of the form, wherever in the request it is; never one of a JSON body.
    pub(super) fn form_value(&self, name: &str) -> Option<String> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// Begins to read the fields of a request of this type.
    pub(super) fn bind(&self, kind: &'static str) -> Result<Bound<'_>, Failure> {
        let json = match &self.json {
            Some(body) => Some(read_object(kind, body).map_err(Failure::bad)?),
            None => match &self.form_error {
                Some(error) => return Err(Failure::bad(error)),
                None => None,
            },
        };
        Ok(Bound { kind, json, params: self, missing: Vec::new() })
    }
}

/// The members of an object in their order; Go lets the last of several win.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Object)
    }
}

/// Reads the first document of a body; what follows it is ignored.
fn read_object(kind: &str, body: &[u8]) -> Result<Vec<(String, Value)>, String> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err("EOF".to_owned()),
        Some(b'{') => match serde_json::Deserializer::from_slice(body).into_iter().next() {
            Some(Ok(Members(members))) => Ok(members),
            Some(Err(error)) => Err(go_syntax_error(&error, body)),
            None => Err("EOF".to_owned()),
        },
        Some(_) => match serde_json::Deserializer::from_slice(body).into_iter::<Value>().next() {
            Some(Ok(Value::Null)) => Ok(Vec::new()),
            Some(Ok(value)) => Err(format!(
                "json: cannot unmarshal {} into Go value of type auth.{kind}",
                kind_of(&value)
            )),
            Some(Err(error)) => Err(go_syntax_error(&error, body)),
            None => Err("EOF".to_owned()),
        },
    }
}

/// Says in Go's words what is wrong with a JSON text.
pub(super) fn go_syntax_error(error: &serde_json::Error, body: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected EOF".to_owned();
    }
    let lines = body.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1));
    let byte = lines.and_then(|line| line.get(error.column().saturating_sub(1)));
    let found = byte.map_or('?', |byte| char::from(*byte));
    let text = error.to_string();
    let place = if text.starts_with("key must be a string") {
        "looking for beginning of object key string"
    } else if text.starts_with("expected `,`") {
        "after object key:value pair"
    } else if text.starts_with("expected `:`") {
        "after object key"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{found}' {place}")
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        // Go adds the number when it is one that the type could not hold.
        Value::Number(number) if number.as_i64().is_none() => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

/// A request whose fields are being read.
pub(super) struct Bound<'a> {
    kind: &'static str,
    json: Option<Vec<(String, Value)>>,
    params: &'a Params,
    missing: Vec<String>,
}

enum Raw<'a> {
    Json(&'a Value),
    Form(&'a str),
}

impl Bound<'_> {
    fn raw(&self, field: &Field) -> Option<Raw<'_>> {
        match &self.json {
            Some(members) => members
                .iter()
                .rev()
                .find(|(key, value)| key.eq_ignore_ascii_case(field.json) && !value.is_null())
                .map(|(_, value)| Raw::Json(value)),
            None => {
                let form = &self.params.form;
                let found = form.iter().find(|(key, _)| field.form.contains(&key.as_str()));
                found.map(|(_, value)| Raw::Form(value))
            }
        }
    }

    fn mismatch(&self, value: &Value, field: &Field, wanted: &str) -> Failure {
        let (kind, found) = (self.kind, kind_of(value));
        let name = field.json;
        Failure::bad(format!(
            "json: cannot unmarshal {found} into Go struct field {kind}.{name} of type {wanted}"
        ))
    }

    pub(super) fn opt_text(&self, field: &Field) -> Result<Option<String>, Failure> {
        match self.raw(field) {
            None => Ok(None),
            Some(Raw::Form(text)) => Ok(Some(text.to_owned())),
            Some(Raw::Json(Value::String(text))) => Ok(Some(text.clone())),
            Some(Raw::Json(other)) => Err(self.mismatch(other, field, "string")),
        }
    }

    pub(super) fn text(&self, field: &Field) -> Result<String, Failure> {
        self.opt_text(field).map(Option::unwrap_or_default)
    }

    /// A text that must not be empty; [`Self::done`] complains.
    pub(super) fn required(&mut self, field: &Field) -> Result<String, Failure> {
        let text = self.text(field)?;
        if text.is_empty() {
            self.miss(field);
        }
        Ok(text)
    }

    fn miss(&mut self, field: &Field) {
        let (kind, name) = (self.kind, field.go);
        self.missing.push(format!(
            "Key: '{kind}.{name}' Error:Field validation for '{name}' failed on the 'required' tag"
        ));
    }

    /// Complains about required fields that are missing.
    pub(super) fn done(self) -> Result<(), Failure> {
        if self.missing.is_empty() { Ok(()) } else { Err(Failure::bad(self.missing.join("\n"))) }
    }

    pub(super) fn opt_int(&self, field: &Field, go: &str) -> Result<Option<i64>, Failure> {
        match self.raw(field) {
            None => Ok(None),
            Some(Raw::Form("")) => Ok(Some(0)),
            Some(Raw::Form(text)) => parse_int(text).map(Some).map_err(Failure::bad),
            Some(Raw::Json(value)) => match value.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.mismatch(value, field, go)),
            },
        }
    }

    pub(super) fn int(&self, field: &Field, go: &str) -> Result<i64, Failure> {
        self.opt_int(field, go).map(Option::unwrap_or_default)
    }

    /// Nanoseconds: a number in JSON, such as `6s` in a form.
    pub(super) fn duration(&self, field: &Field) -> Result<i64, Failure> {
        match self.raw(field) {
            Some(Raw::Form(text)) if !text.is_empty() => parse_go_duration(text)
                .ok_or_else(|| Failure::bad(format!("time: invalid duration \"{text}\""))),
            _ => self.int(field, "time.Duration"),
        }
    }

    pub(super) fn opt_bool(&self, field: &Field) -> Result<Option<bool>, Failure> {
        match self.raw(field) {
            None => Ok(None),
            Some(Raw::Form(text)) => match text {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Some(true)),
                "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Some(false)),
                other => Err(Failure::bad(format!(
                    "strconv.ParseBool: parsing \"{other}\": invalid syntax"
                ))),
            },
            Some(Raw::Json(Value::Bool(value))) => Ok(Some(*value)),
            Some(Raw::Json(other)) => Err(self.mismatch(other, field, "bool")),
        }
    }

    /// An address; `None` is the undefined one, which is what a missing one means.
    pub(super) fn address(&self, field: &Field) -> Result<Option<Address>, Failure> {
        let text = self.text(field)?;
        self.read_address(&text)
    }

    fn read_address(&self, text: &str) -> Result<Option<Address>, Failure> {
        // The Go service puts quotes around query values and wants them in forms.
        let bare = match text.strip_prefix('"') {
            Some(rest) if self.params.is_get => {
                let found = rest.chars().next().unwrap_or('"');
                let text = format!("invalid character '{found}' after top-level value");
                return Err(Failure::bad(text));
            }
            Some(rest) if self.json.is_none() => rest.strip_suffix('"').unwrap_or(rest),
            _ => text,
        };
        match bare {
            "" | "<empty>" => Ok(None),
            text => match parse_address(text) {
                Ok(address) => Ok(Some(address)),
                Err(error) => Err(Failure::bad(error.to_string())),
            },
        }
    }

    pub(super) fn addresses(&self, field: &Field) -> Result<Vec<Option<Address>>, Failure> {
        let texts = self.opt_texts(field)?.unwrap_or_default();
        texts.iter().map(|text| self.read_address(text)).collect()
    }

    /// A list of texts that must be there, though it may be empty.
    pub(super) fn required_texts(&mut self, field: &Field) -> Result<Vec<String>, Failure> {
        let texts = self.opt_texts(field)?;
        if texts.is_none() {
            self.miss(field);
        }
        Ok(texts.unwrap_or_default())
    }

    fn opt_texts(&self, field: &Field) -> Result<Option<Vec<String>>, Failure> {
        match self.raw(field) {
            None => Ok(None),
            Some(Raw::Form(_)) => {
                let form = self.params.form.iter();
                let values = form.filter(|(key, _)| field.form.contains(&key.as_str()));
                Ok(Some(values.map(|(_, value)| value.clone()).collect()))
            }
            Some(Raw::Json(Value::Array(values))) => values
                .iter()
                .map(|value| match value {
                    Value::String(text) => Ok(text.clone()),
                    Value::Null => Ok(String::new()),
                    other => Err(self.mismatch(other, field, "string")),
                })
                .collect::<Result<_, _>>()
                .map(Some),
            Some(Raw::Json(other)) => Err(self.mismatch(other, field, "[]string")),
        }
    }

    /// An object inside the object, read as if it were a request of its own.
    pub(super) fn nested(&self, field: &Field, kind: &'static str) -> Result<Self, Failure> {
        let json = match self.raw(field) {
            _ if self.json.is_none() => None,
            None | Some(Raw::Form(_)) => Some(Vec::new()),
            Some(Raw::Json(Value::Object(members))) => {
                Some(members.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            Some(Raw::Json(other)) => return Err(self.mismatch(other, field, kind)),
        };
        Ok(Self { kind, json, params: self.params, missing: Vec::new() })
    }
}

fn parse_int(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().map_err(|_| {
        let cause = if is_number { "value out of range" } else { "invalid syntax" };
        format!("strconv.ParseInt: parsing \"{text}\": {cause}")
    })
}
