//! The Lambda function of `list_wallets`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::list_wallets::OPERATION)
}
