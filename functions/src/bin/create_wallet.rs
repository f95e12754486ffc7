//! The Lambda function of `create_wallet`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::create_wallet::OPERATION)
}
