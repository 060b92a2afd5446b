//! The envelope: one JSON object a message, read as leniently as the Go programs read it.

use serde::Serialize;
use serde_json::{Map, Number, Value, json};

use super::{Params, codes, error::WireError};

pub(crate) const CANCEL: &str = "xrpc.cancel";
pub(crate) const CHANNEL_VALUE: &str = "xrpc.ch.val";
pub(crate) const CHANNEL_CLOSE: &str = "xrpc.ch.close";

/// The id of a request, echoed with its JSON type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub(crate) enum Id {
    Number(Number),
    Text(String),
}

impl Id {
    /// `Ok(None)` is a notification, `Err` an id of a type that no request may have.
    pub(crate) fn read(value: Option<Value>) -> Result<Option<Self>, ()> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(Self::Text(text))),
            Some(Value::Number(number)) => Ok(Some(Self::Number(whole(number)))),
            Some(_) => Err(()),
        }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            Self::Text(_) => None,
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Go reads ids through a float, so `1234.0` and `1234` are one id, written `1234`.
fn whole(number: Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
            Number::from(float as i64)
        }
        _ => number,
    }
}

/// A message that was read: a call, a notification or an answer.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) id: Option<Id>,
    /// Empty in an answer.
    pub(crate) method: String,
    pub(crate) params: Option<Value>,
    pub(crate) result: Value,
    pub(crate) error: Option<WireError>,
    /// Whether it has `result` or `error`, that is, can be an answer.
    pub(crate) is_answer: bool,
}

/// Why a message is none, with the id if that much could be read.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) id: Option<Id>,
    pub(crate) error: WireError,
}

impl Malformed {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { id: None, error: WireError { code, message: message.into(), data: None } }
    }
}

/// The first JSON value of a message. What follows it is ignored; bad UTF-8 becomes U+FFFD.
pub(crate) fn first_value(bytes: &[u8]) -> Result<Value, Malformed> {
    let text = String::from_utf8_lossy(bytes);
    match serde_json::Deserializer::from_str(&text).into_iter().next() {
        None => Err(Malformed::new(codes::INVALID_REQUEST, "Invalid request")),
        Some(Err(_)) => Err(Malformed::new(codes::PARSE, "Parse error")),
        Some(Ok(value)) => Ok(value),
    }
}

impl Frame {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_value(first_value(bytes)?)
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, Malformed> {
        let Value::Object(object) = value else {
            return Err(Malformed::new(codes::PARSE, "unmarshaling request: not an object"));
        };
        let mut frame = Self::default();
        let (mut id, mut method) = (None, None);
        for (key, value) in object {
            // Go matches keys in any case, and ignores those that it does not know.
            match key.to_ascii_lowercase().as_str() {
                "id" => id = Some(value),
                "method" => method = Some(value),
                "params" => frame.params = Some(value),
                "result" => {
                    frame.is_answer = true;
                    frame.result = value;
                }
                "error" if !value.is_null() => {
                    frame.is_answer = true;
                    frame.error = Some(read_error(value));
                }
                _ => {}
            }
        }
        let bad_id = |()| {
            Malformed::new(
                codes::PARSE,
                "unmarshaling request: the id is neither a number nor a string",
            )
        };
        frame.id = Id::read(id).map_err(bad_id)?;
        match method {
            None | Some(Value::Null) => {}
            Some(Value::String(name)) => frame.method = name,
            Some(_) => {
                let error = "unmarshaling request: the method is not a string";
                return Err(Malformed { id: frame.id, ..Malformed::new(codes::PARSE, error) });
            }
        }
        Ok(frame)
    }

    /// The positional parameters; absent or `null` is none.
    pub(crate) fn take_params(&mut self) -> Result<Params, WireError> {
        match self.params.take() {
            None | Some(Value::Null) => Ok(Params::default()),
            Some(Value::Array(values)) => Ok(Params(values)),
            Some(other) => Err(WireError {
                code: codes::PARSE,
                message: format!(
                    "unmarshaling param array: cannot unmarshal {} into a list of parameters",
                    type_of(&other)
                ),
                data: None,
            }),
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn read_error(value: Value) -> WireError {
    let Value::Object(object) = value else {
        return WireError { code: 0, message: value.to_string(), data: None };
    };
    let mut error = WireError { code: 0, message: String::new(), data: None };
    for (key, value) in object {
        match key.to_ascii_lowercase().as_str() {
            "code" => error.code = value.as_i64().unwrap_or_default(),
            "message" => {
                error.message = match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                }
            }
            "data" if !value.is_null() => error.data = Some(value),
            _ => {}
        }
    }
    error
}

/// A request or notification, ready to be sent.
pub(crate) fn request(id: Option<u64>, method: &str, params: &Params) -> String {
    #[derive(Serialize)]
    struct Request<'a> {
        jsonrpc: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        method: &'a str,
        params: &'a [Value],
    }
    write(&Request { jsonrpc: "2.0", id, method, params: &params.0 })
}

/// The answer to `id`; without an id it is one that belongs to no request.
pub(crate) fn answer(id: Option<&Id>, outcome: Result<Value, WireError>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("jsonrpc".into(), "2.0".into());
    object.insert("id".into(), id.map_or(Value::Null, |id| json!(id)));
    match outcome {
        Ok(result) => object.insert("result".into(), result),
        Err(error) => object.insert("error".into(), json!(error)),
    };
    object
}

/// The text of a message, one line.
pub(crate) fn write<T: Serialize>(message: &T) -> String {
    // What is written here consists of values that are JSON already: it cannot fail.
    let mut text = serde_json::to_string(message).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id_of(json: &str) -> String {
        let frame = Frame::parse(format!(r#"{{"id":{json}}}"#).as_bytes()).unwrap();
        frame.id.map_or("null".into(), |id| serde_json::to_string(&id).unwrap())
    }

    #[test]
    fn ids_keep_their_type_and_integers_their_form() {
        for same in ["1", "-7", "1.5", "\"8116d306\"", "\"1\"", "9007199254740993", "1e+21"] {
            assert_eq!(id_of(same), same);
        }
        assert_eq!(id_of("1234.0"), "1234");
        assert_eq!(id_of("null"), "null");
        for bad in ["[1]", "{\"a\":1}", "true"] {
            let error = Frame::parse(format!(r#"{{"id":{bad}}}"#).as_bytes()).unwrap_err();
            assert_eq!(error.error.code, codes::PARSE);
        }
    }

    #[test]
    fn keys_match_in_any_case_and_the_rest_is_ignored() {
        let mut frame =
            Frame::parse(br#"{"Method":"a.B","ID":3,"PARAMS":[1],"x":{},"meta":{"a":"b"}} tail"#)
                .unwrap();
        assert_eq!(frame.method, "a.B");
        assert_eq!(frame.id.as_ref().and_then(Id::as_u64), Some(3));
        assert_eq!(frame.take_params().unwrap(), Params(vec![json!(1)]));
        assert!(frame.take_params().unwrap().0.is_empty());
    }

    #[test]
    fn errors_of_both_dialects_are_read() {
        let frame =
            Frame::parse(br#"{"id":1,"error":{"code":3,"message":"m","meta":1,"data":"0x"}}"#)
                .unwrap();
        let error = frame.error.unwrap();
        assert_eq!((error.code, error.message.as_str()), (3, "m"));
        assert_eq!(error.data, Some(json!("0x")));
        assert!(Frame::parse(br#"{"id":1,"error":null,"result":5}"#).unwrap().error.is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Frame::parse(&bytes);
        }

        #[test]
        fn no_object_panics(
            key in "(?i)(id|method|params|result|error|jsonrpc|[a-z]{0,4})",
            value in r#"(null|true|[0-9]{1,25}|-?[0-9]\.[0-9]e[0-9]{1,3}|"[a-z]{0,4}"|\[\]|\{\})"#,
        ) {
            if let Ok(mut frame) = Frame::parse(format!("{{\"{key}\":{value}}}").as_bytes()) {
                let _ = frame.take_params();
            }
        }

        #[test]
        fn whatever_id_is_sent_comes_back(id in any::<i64>()) {
            prop_assert_eq!(id_of(&id.to_string()), id.to_string());
        }
    }
}
