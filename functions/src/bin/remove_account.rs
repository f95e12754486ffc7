//! The Lambda function of `remove_account`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::remove_account::OPERATION)
}
