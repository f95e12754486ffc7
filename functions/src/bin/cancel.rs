//! The Lambda function of `cancel`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::cancel::OPERATION)
}
