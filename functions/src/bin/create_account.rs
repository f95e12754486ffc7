//! The Lambda function of `create_account`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::create_account::OPERATION)
}
