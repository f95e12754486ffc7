//! The whole service on one machine: [`gateway`] plays API Gateway, [`embedded`] plays DynamoDB, and between them run the
//! same operations that are deployed. [`issue`] makes credentials, and [`demo`] those that a first start gives out.
//! [`docs`] is what there is to read about the API.
//!
//! What happens after an answer runs as it does there, too: [`stream`] is what DynamoDB tells of every write, [`queue`] plays
//! SQS, and [`background`] calls the functions with what both of them hold.

pub mod background;
pub mod demo;
pub mod docs;
pub mod embedded;
pub mod gateway;
pub mod issue;
pub mod queue;
pub mod stream;
