//! The Lambda function of `list_transactions`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::list_transactions::OPERATION)
}
