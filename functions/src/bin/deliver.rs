//! The Lambda function of `deliver`.

fn main() -> Result<(), functions::Error> {
    functions::work(&functions::deliver::TASK)
}
