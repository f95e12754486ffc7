//! What lies beside the chains: wallets, and the records of keys of their changes.

use domain::{Project, Wallet, WalletId};

use super::chain::{differences, unreadable};
use super::finding::{Finding, Flaw, Subject};
use super::repair::Repair;
use super::{REREAD_AFTER, REREADS, Report, Verifier};
use crate::Session;
use crate::error::Error;
use crate::item::{StoredWallet, WalletKeyRecord, nonce_of};
use crate::keys::{self, Key, KeyHash};
use crate::write::number;

impl Verifier {
    /// Verifies a wallet, and that each of its accounts is in it. A wallet that there is not comes to nothing.
    ///
    /// # Errors
    /// [`Error`] when the store can not be read.
    pub async fn wallet(&self, project: &Project, id: &WalletId) -> Result<Report, Error> {
        let session = self.session(project);
        let key = keys::wallet(&project.id, id);
        let Some(item) = session.get(&key).await? else { return Ok(Report::default()) };
        let mut report = Report { wallets: 1, ..Report::default() };
        let subject = || Subject::Wallet { project: project.id.clone(), wallet: id.clone() };
        let mut tell = |flaw, repair| report.findings.push(Finding { subject: subject(), flaw, repair });
        let (stored, nonce) = match (StoredWallet::from_item(&item), nonce_of(&item)) {
            (Ok(stored), Some(nonce)) => (stored, nonce),
            (Err(error), _) => {
                tell(Flaw::Unreadable { attribute: unreadable(&error) }, None);
                return Ok(report);
            }
            (Ok(_), None) => {
                tell(Flaw::Unreadable { attribute: "nonce".to_owned() }, None);
                return Ok(report);
            }
        };
        let right = stored.to_item(project, nonce);
        for flaw in differences(&right, &item) {
            let is_feed = matches!(&flaw, Flaw::Attribute { attribute, .. } if attribute == "feed");
            let repair = is_feed.then(|| Repair::Attribute {
                key: key.clone(),
                guard: ("ver", number(stored.version)),
                name: "feed",
                found: item.get("feed").cloned(),
                right: right.get("feed").cloned(),
            });
            tell(flaw, repair);
        }
        for flaw in self.accounts_of(&session, stored.wallet).await? {
            tell(flaw, None);
        }
        Ok(report)
    }

    /// Which of a wallet's accounts are not in it, after looking at both more than once.
    async fn accounts_of(&self, session: &Session<'_>, mut wallet: Wallet) -> Result<Vec<Flaw>, Error> {
        let mut flaws = Vec::new();
        for reread in 0..REREADS {
            if reread > 0 {
                tokio::time::sleep(REREAD_AFTER).await;
                match session.wallet(&wallet.id).await {
                    Ok(Some(now)) => wallet = now,
                    Ok(None) | Err(Error::Damaged { .. }) => break,
                    Err(error) => return Err(error),
                }
            }
            flaws.clear();
            for (currency, number) in &wallet.accounts {
                let is_in_it = match session.newest(number).await {
                    Ok(Some(newest)) => {
                        let account = newest.transaction.account;
                        account.wallet.as_ref() == Some(&wallet.id) && account.currency == *currency
                    }
                    Ok(None) => false,
                    // It is told where the account itself is walked.
                    Err(Error::Damaged { .. }) => true,
                    Err(error) => return Err(error),
                };
                if !is_in_it {
                    flaws.push(Flaw::AccountElsewhere { account: number.clone() });
                }
            }
            if flaws.is_empty() {
                break;
            }
        }
        Ok(flaws)
    }

    /// Verifies the record of the key of a wallet's change.
    pub(crate) async fn project_key(&self, project: &Project, hash: KeyHash) -> Result<Report, Error> {
        let session = self.session(project);
        let key = keys::project_key(&project.id, hash);
        let Some(item) = session.get(&key).await? else { return Ok(Report::default()) };
        let Key { pk, sk } = key.clone();
        let subject = Subject::Item { pk, sk };
        let flaws = match WalletKeyRecord::from_item(&item) {
            Err(error) => vec![Flaw::Unreadable { attribute: unreadable(&error) }],
            Ok(record) => {
                let mut flaws = differences(&record.to_item(&key), &item);
                if !self.exists(&session, &record.wallet.id).await? {
                    flaws.push(Flaw::WalletMissing { wallet: record.wallet.id });
                }
                flaws
            }
        };
        let findings = flaws.into_iter().map(|flaw| Finding::new(subject.clone(), flaw)).collect();
        Ok(Report { keys: 1, findings, ..Report::default() })
    }

    async fn exists(&self, session: &Session<'_>, wallet: &WalletId) -> Result<bool, Error> {
        for reread in 0..REREADS {
            if reread > 0 {
                tokio::time::sleep(REREAD_AFTER).await;
            }
            match session.wallet(wallet).await {
                Ok(None) => {}
                Ok(Some(_)) | Err(Error::Damaged { .. }) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
