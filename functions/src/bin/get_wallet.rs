//! The Lambda function of `get_wallet`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::get_wallet::OPERATION)
}
