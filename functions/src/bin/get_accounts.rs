//! The Lambda function of `get_accounts`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::get_accounts::OPERATION)
}
