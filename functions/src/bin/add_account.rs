//! The Lambda function of `add_account`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::add_account::OPERATION)
}
