//! The Lambda function of `publish`.

fn main() -> Result<(), functions::Error> {
    functions::work(&functions::publish::TASK)
}
