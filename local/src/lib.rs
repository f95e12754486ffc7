//! The whole service on one machine: [`gateway`] plays API Gateway, [`embedded`] plays DynamoDB, and between them run the
//! same operations that are deployed. [`demo`] gives a first start something to call.

pub mod demo;
pub mod embedded;
pub mod gateway;
