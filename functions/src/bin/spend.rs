//! The Lambda function of `spend`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::spend::OPERATION)
}
