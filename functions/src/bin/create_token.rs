//! The Lambda function of `create_token`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::create_token::OPERATION)
}
