//! The Lambda function of `refund`.

fn main() -> Result<(), functions::Error> {
    functions::serve(&functions::refund::OPERATION)
}
