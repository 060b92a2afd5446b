//! Plays what other programs answered (recordings) against a service of ours, and compares.
//!
//! A test reads its [`Exchange`]s, serves what it tests ([`Served`]), sends each request, and tells
//! a [`Report`] the [`Outcome`]: equal, different by a [`Rule`], or different in another way, which
//! is right only as listed. What is fixed there must happen: a row or a rule that nothing needs
//! fails the test.

mod compare;
mod http;
mod recording;
mod report;
mod rules;
mod served;
mod socket;
#[cfg(test)]
mod tests;

pub use compare::{align, find, json, mask, matches, render, sort};
pub use http::{Answer, Headers, send};
pub use recording::{Exchange, Frame, Request, Response, fill};
pub use report::{Outcome, Report, Row, Rule};
pub use rules::{HINT, PROTOCOL, UNREADABLE, bare, rule_of_error, rule_of_texts};
pub use served::Served;
pub use socket::{Socket, next, open};
