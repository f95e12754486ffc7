//! The Lambda function of `load`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::load::OPERATION)
}
