//! What AWS takes: on demand, us-east-1, arm64; in dollars for a million of each.

/// Of DynamoDB, for at most a kilobyte each.
pub(crate) const WRITE_UNITS: f64 = 0.625;

/// Of DynamoDB, for at most four kilobytes each, read consistently.
pub(crate) const READ_UNITS: f64 = 0.125;

/// Of API Gateway.
pub(crate) const HTTP_API_REQUESTS: f64 = 1.00;

/// Of Lambda, besides their time.
pub(crate) const LAMBDA_REQUESTS: f64 = 0.20;

/// Seconds of a gigabyte of a function.
pub(crate) const GIGABYTE_SECONDS: f64 = 13.333_4;

/// Bytes that CloudWatch takes in.
pub(crate) const LOG_BYTES: f64 = 0.50 / 1e9 * 1e6;

/// All of them in a sentence, for those who read a table of dollars.
pub(crate) fn list() -> String {
    format!(
        "On demand, us-east-1, arm64: write units ${WRITE_UNITS:.3}, read units ${READ_UNITS:.3}, HTTP API \
         ${HTTP_API_REQUESTS:.2}, Lambda ${LAMBDA_REQUESTS:.2} a million and ${:.10} a GB-s, logs ${:.2} a GB.",
        GIGABYTE_SECONDS / 1e6,
        LOG_BYTES * 1e3,
    )
}
