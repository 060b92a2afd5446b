//! Positional parameters: JSON values and the types they stand for.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{RpcError, codes};

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
    fn from_params(params: Params, method: &str) -> Result<Self, RpcError>;
}

impl FromParams for Params {
    fn from_params(params: Params, _: &str) -> Result<Self, RpcError> {
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

fn decode_param<T: DeserializeOwned>(value: Option<Value>, method: &str) -> Result<T, RpcError> {
    decode(value.unwrap_or(Value::Null)).map_err(|error| {
        let name = std::any::type_name::<T>();
        RpcError::coded(
            codes::PARSE,
            format!("unmarshaling params for '{method}' (param: {name}): {error}"),
        )
    })
}

macro_rules! tuple_params {
    ($count:literal $($ty:ident)*) => {
        impl<$($ty: DeserializeOwned + Send),*> FromParams for ($($ty,)*) {
            fn from_params(params: Params, method: &str) -> Result<Self, RpcError> {
                check_count(&params, $count, method)?;
                #[allow(unused_mut, unused_variables, reason = "not used for the empty tuple")]
                let mut values = params.0.into_iter();
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
