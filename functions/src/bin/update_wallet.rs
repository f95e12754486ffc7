//! The Lambda function of `update_wallet`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::update_wallet::OPERATION)
}
