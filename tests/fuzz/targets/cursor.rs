//! Cursors of lists: what is accepted could have been given out, which is the case if it prints as it was sent.

#![no_main]

use domain::Seq;
use libfuzzer_sys::fuzz_target;
use store::Cursor;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let Some(cursor) = Cursor::parse(text) else { return };
    assert_eq!(cursor.to_string(), text, "a cursor has one spelling");
    match &cursor {
        Cursor::Chains(next) => {
            let accounts: Vec<_> = next.keys().map(|account| (account.clone(), Seq::FIRST)).collect();
            assert!(!accounts.is_empty() && cursor.is_of(&accounts) && !cursor.is_of_project());
            assert!(!cursor.is_of(&accounts[1..]), "it is of no list that lacks one of its accounts");
        }
        Cursor::Feed { id, .. } => {
            assert!(cursor.is_of_project() && !cursor.is_of(&[(id.account.clone(), id.seq)]));
        }
    }
});
