//! One definition for both forms of a chain object: a Lotus JSON object where the format is
//! human readable, a DAG-CBOR tuple otherwise.

/// Defines a struct with its Go field names: JSON object and CBOR tuple (in field order).
///
/// After a field's JSON name, serde attributes for the JSON side may follow in parentheses. A
/// trailing `; out "NAME" = method -> Type` adds a JSON key on output that is ignored on input.
macro_rules! wire_tuple {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$fmeta:meta])* pub $field:ident : $ty:ty as $json:literal $(( $($attr:tt)* ))? ),* $(,)?
        }
        $(; out $extra:literal = $extra_fn:ident -> $extra_ty:ty)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                struct Json<'a> {
                    $( #[serde(rename = $json)] $field: &'a $ty, )*
                    $( #[serde(rename = $extra)] extra: $extra_ty, )?
                }
                if s.is_human_readable() {
                    let json = Json { $( $field: &self.$field, )* $( extra: self.$extra_fn(), )? };
                    json.serialize(s)
                } else {
                    ( $( &self.$field, )* ).serialize(s)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                struct Json {
                    $( #[serde(rename = $json $(, $($attr)* )?)] $field: $ty, )*
                }
                if d.is_human_readable() {
                    let Json { $( $field, )* } = Json::deserialize(d)?;
                    Ok(Self { $( $field, )* })
                } else {
                    let ( $( $field, )* ): ( $( $ty, )* ) = serde::Deserialize::deserialize(d)?;
                    Ok(Self { $( $field, )* })
                }
            }
        }
    };
}

pub(crate) use wire_tuple;

use serde::{Deserialize, Deserializer};

/// Reads `null` as the default value: what Go does for lists, maps and byte strings.
pub fn null_as_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}
