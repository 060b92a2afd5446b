//! Positional parameters: JSON values and the types they stand for.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{MethodDescription, RpcError, codes};

/// The positional parameters of one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(pub Vec<Value>);

impl Params {
    /// Appends one parameter.
    pub fn push<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), RpcError> {
        let value = serde_json::to_value(value).map_err(|error| RpcError::Encode {
            what: format!("parameter `{name}`"),
            reason: error.to_string(),
        })?;
        self.0.push(value);
        Ok(())
    }
}

/// Reads a JSON value as Go does at the top level: `null` also stands for the empty list or map.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    if !value.is_null() {
        return serde_json::from_value(value);
    }
    serde_json::from_value(Value::Null).or_else(|error| {
        serde_json::from_value(Value::Array(Vec::new()))
            .or_else(|_| serde_json::from_value(Value::Object(serde_json::Map::new())))
            .map_err(|_| error)
    })
}

/// What a method takes: a tuple of its parameters, or [`Params`] to read them itself.
pub trait FromParams: Sized + Send {
    /// Reads the parameters of a call of `method`; the count must match exactly.
    fn from_params(params: Params, method: &MethodDescription) -> Result<Self, RpcError>;
}

impl FromParams for Params {
    fn from_params(params: Params, _: &MethodDescription) -> Result<Self, RpcError> {
        Ok(params)
    }
}

fn check_count(params: &Params, want: usize, method: &str) -> Result<(), RpcError> {
    let given = params.0.len();
    if given == want {
        return Ok(());
    }
    Err(RpcError::coded(
        codes::INVALID_PARAMS,
        format!("wrong param count (method '{method}'): {given} != {want}"),
    ))
}

fn decode_param<T: DeserializeOwned>(
    param: Option<(usize, Value)>,
    method: &MethodDescription,
) -> Result<T, RpcError> {
    let (index, value) = param.unwrap_or_default();
    decode(value).map_err(|error| {
        let (ty, position) = (without_paths(std::any::type_name::<T>()), index + 1);
        let name = method.params.get(index).map(|(name, _)| format!(" `{name}`"));
        let (method, name) = (&method.name, name.unwrap_or_default());
        // Up to the bracket it is the text of the Go programs.
        RpcError::coded(
            codes::PARSE,
            format!(
                "unmarshaling params for '{method}' (param: {ty}): parameter {position}{name}: {error}"
            ),
        )
    })
}

/// The name of a type as one writes it: `Option<Vec<Address>>`.
fn without_paths(full: &str) -> String {
    let is_delimiter = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':'));
    let pieces = full.split_inclusive(is_delimiter);
    pieces.map(|piece| piece.rsplit("::").next().unwrap_or(piece)).collect()
}

macro_rules! tuple_params {
    ($count:literal $($ty:ident)*) => {
        impl<$($ty: DeserializeOwned + Send),*> FromParams for ($($ty,)*) {
            fn from_params(params: Params, method: &MethodDescription) -> Result<Self, RpcError> {
                check_count(&params, $count, &method.name)?;
                #[allow(unused_mut, unused_variables, reason = "not used for the empty tuple")]
                let mut values = (0..).zip(params.0);
                Ok(($(decode_param::<$ty>(values.next(), method)?,)*))
            }
        }
    };
}

tuple_params!(0);
tuple_params!(1 A);
tuple_params!(2 A B);
tuple_params!(3 A B C);
tuple_params!(4 A B C D);
tuple_params!(5 A B C D E);
tuple_params!(6 A B C D E F);
tuple_params!(7 A B C D E F G);
tuple_params!(8 A B C D E F G H);
tuple_params!(9 A B C D E F G H I);
tuple_params!(10 A B C D E F G H I J);
tuple_params!(11 A B C D E F G H I J K);
tuple_params!(12 A B C D E F G H I J K L);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::Permission;

    fn error_of<P: FromParams>(params: &[Value], method: &MethodDescription) -> RpcError {
        P::from_params(Params(params.to_vec()), method).err().unwrap()
    }

    #[test]
    fn an_undecodable_parameter_is_told_by_position_and_name() {
        let unnamed = MethodDescription::new("T.M", Permission::Read);
        let named = MethodDescription {
            params: &[("count", "u64"), ("names", "Option<Vec<String>>")],
            ..unnamed.clone()
        };
        type P = (u64, Option<Vec<String>>);
        assert_eq!(
            error_of::<P>(&[json!(1), json!(["a", 2])], &named),
            RpcError::coded(
                codes::PARSE,
                "unmarshaling params for 'T.M' (param: Option<Vec<String>>): parameter 2 `names`: \
                 invalid type: integer `2`, expected a string"
            )
        );
        assert_eq!(
            error_of::<P>(&[json!("1"), json!(null)], &unnamed),
            RpcError::coded(
                codes::PARSE,
                "unmarshaling params for 'T.M' (param: u64): parameter 1: \
                 invalid type: string \"1\", expected u64"
            )
        );
    }

    #[test]
    fn a_type_is_named_without_paths() {
        for (full, short) in [
            ("i64", "i64"),
            ("alloc::string::String", "String"),
            ("[u8; 32]", "[u8; 32]"),
            (
                "(venus_core::chain::Cid, core::option::Option<alloc::vec::Vec<a_b::C1>>)",
                "(Cid, Option<Vec<C1>>)",
            ),
        ] {
            assert_eq!(without_paths(full), short);
        }
    }
}
