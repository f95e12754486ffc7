//! Refusals: every business "no" of the product.

use crate::ids::TransactionId;
use crate::money::Balance;

/// A business "no". It writes nothing and leaves no trace. Declared in order of precedence: of several that apply, the
/// first is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// The record is unknown, or not of the account, wallet and currency that were named: the caller can not tell which.
    NotFound,
    /// The wallet is closed: only reads.
    WalletClosed,
    /// The wallet is frozen: no debits.
    WalletFrozen,
    /// A wallet of that name exists with other attributes.
    WalletExists,
    /// The wallet has an account in that currency, or the account number is taken.
    AccountExists,
    /// The wallet has as many accounts as it can have.
    WalletFull,
    /// The account is in a wallet.
    AccountLinked,
    /// The value to be loaded has expired already.
    ExpiryInPast,
    /// Only spends can be refunded.
    NotRefundable,
    /// Only spends and loads can be canceled.
    NotCancelable,
    /// The spend was canceled: there is nothing to refund.
    TransactionCanceled,
    /// The transaction was canceled before.
    AlreadyCanceled {
        /// The entry that did.
        canceled_by: TransactionId,
    },
    /// A part of the spend was refunded, so it can not be canceled; a refund without amount returns the rest.
    PartiallyRefunded,
    /// All of the spend was refunded.
    AlreadyRefunded,
    /// The load to be canceled has expired.
    LotExpired,
    /// More than is left of the spend.
    RefundExceedsRemaining {
        /// What is left.
        refundable: Balance,
    },
    /// More than is there.
    InsufficientBalance {
        /// What is there.
        available: Balance,
        /// What is missing.
        shortfall: Balance,
    },
    /// The balance would exceed 2^53 - 1.
    BalanceLimit,
    /// An account with a balance can not be closed.
    BalanceRemains {
        /// What is there.
        available: Balance,
    },
    /// The account has as many different expiries as it can have.
    AccountFull,
}
