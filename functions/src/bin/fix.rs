//! The Lambda function of `fix`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::fix::OPERATION)
}
