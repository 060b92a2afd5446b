//! Window PoSts: keeps proven sectors proven, deadline by deadline.

mod prove;
mod recover;
mod scheduler;
mod submit;

pub(crate) use scheduler::run;
