//! Who may do what: permissions, tokens, the guard in front of every RPC server, and the client
//! of venus-auth.

mod api;
mod caller;
mod client;
mod go_json;
mod guard;
mod local;
mod permission;
mod token;
mod types;

pub use api::{AuthAdmin, AuthApi, AuthApiError, MinerBindings, SignerBindings, UserDirectory};
pub use caller::{Caller, current_caller};
pub use client::AuthClient;
pub use go_json::to_go_json;
#[cfg(any(test, feature = "test-utils"))]
pub use guard::AllowAll;
pub use guard::{AuthError, Guard, TokenGuard, TokenVerifier};
pub use local::{
    LOCAL_TOKEN_NAME, LocalToken, LocalTokenError, TOKEN_FILE, read_token, write_secret_file,
};
pub use permission::{Permission, UnknownPermission};
pub use token::{Claims, JwtSecret, TokenError, token_fingerprint};
pub use types::{
    AddressTextError, MinerBinding, NewUser, Page, RateLimit, RequestLimit, SignerBinding,
    TokenInfo, User, UserState, UserUpdate, UserWithMiners, format_address, parse_address,
};
