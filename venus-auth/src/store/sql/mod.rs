//! The store over MySQL, MariaDB or TiDB: the tables of sophon-auth.
//!
//! Names are compared byte for byte although the tables fold letter case and trailing spaces: what
//! a query finds is looked at once more here. A name that the tables cannot tell from one that is
//! there is taken.

mod rows;
mod schema;
mod writes;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use const_format_lite as _;
