//! The Lambda function of `get_account`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::get_account::OPERATION)
}
