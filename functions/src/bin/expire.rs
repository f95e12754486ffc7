//! The Lambda function of `expire`.

fn main() -> Result<(), functions::Error> {
    functions::work(&functions::expire::TASK)
}
