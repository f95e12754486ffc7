//! The HTTP contract: what callers send and get. One module per dialect, credentials, and the one table from failure to
//! status and code. Knows the rules of the domain by name and nothing of where anything is stored.

pub mod body;
pub mod credentials;
pub mod dialect;
pub mod event;
pub mod failure;
pub mod liquido;
pub mod mircate;
pub mod oauth;
pub mod paycombat;
pub mod signature;
pub mod time;
pub mod webhook;

pub use body::Body;
pub use credentials::{ApiKey, Scope};
pub use dialect::Dialect;
pub use event::Event;
pub use failure::{Failure, Problem, Verdict};
