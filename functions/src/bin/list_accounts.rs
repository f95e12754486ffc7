//! The Lambda function of `list_accounts`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::list_accounts::OPERATION)
}
