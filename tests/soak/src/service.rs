//! The service as a process that is killed and started again over the same data.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A `kese` on a data folder of its own and a free port.
pub(crate) struct Service {
    kese: PathBuf,
    folder: Mutex<Option<TempDir>>,
    path: PathBuf,
    process: Mutex<Option<Child>>,
    place: RwLock<Place>,
    /// Odd while the service is there, even while it is not.
    turns: AtomicU64,
    answered: AtomicU64,
}

/// Where the service is now, and what opens it.
#[derive(Clone, Default)]
pub(crate) struct Place {
    pub(crate) base_url: String,
    pub(crate) api_key: String,
    /// In which life of the service that is so.
    pub(crate) turn: u64,
}

impl Service {
    pub(crate) fn new(kese: PathBuf) -> io::Result<Service> {
        let folder = tempfile::tempdir()?;
        Ok(Service {
            kese,
            path: folder.path().to_owned(),
            folder: Mutex::new(Some(folder)),
            process: Mutex::default(),
            place: RwLock::default(),
            turns: AtomicU64::new(0),
            answered: AtomicU64::new(0),
        })
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&self) {
        let credentials = self.path.join("credentials");
        let _ = fs::remove_file(&credentials);
        let file = |name| File::create(self.path.join(name)).expect("the folder can be written");
        let mut process = Command::new(&self.kese)
            .args(["--port", "0", "--data"])
            .arg(self.data())
            .arg("--credentials")
            .arg(&credentials)
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.kese.display()));
        for _ in 0..6_000 {
            if let Ok(written) = fs::read(&credentials) {
                *self.place.write().expect("nobody panicked") = Place::read(&written, self.turn() + 1);
                *self.process.lock().expect("nobody panicked") = Some(process);
                self.turns.fetch_add(1, Ordering::SeqCst);
                return;
            }
            let ended = process.try_wait().expect("it is our process");
            let said = || fs::read_to_string(self.path.join("stderr")).unwrap_or_default();
            assert!(ended.is_none(), "the service ended: {}", said());
            thread::sleep(Duration::from_millis(5));
        }
        let _ = process.kill();
        panic!("the service is not ready after 30 seconds");
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        self.turns.fetch_add(1, Ordering::SeqCst);
        self.end();
    }

    fn end(&self) {
        if let Ok(mut process) = self.process.lock()
            && let Some(mut process) = process.take()
        {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Which life of the service, or time between two of them, this is.
    pub(crate) fn turn(&self) -> u64 {
        self.turns.load(Ordering::SeqCst)
    }

    /// Where the service is, as soon as it is there.
    pub(crate) fn place(&self) -> Place {
        while self.turn().is_multiple_of(2) {
            thread::sleep(Duration::from_millis(2));
        }
        self.place.read().expect("nobody panicked").clone()
    }

    pub(crate) fn count_answer(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests it has answered.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// What `kese verify` has against the data of a service that is not running.
    pub(crate) fn verify(&self) -> Option<String> {
        let run = Command::new(&self.kese).arg("verify").arg("--data").arg(self.data()).output().expect("kese runs");
        let said = || format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        (!run.status.success()).then(|| format!("kese verify: {}", said()))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Leaves the data where it is, for somebody to look at.
    pub(crate) fn keep(&self) -> PathBuf {
        self.end();
        let folder = self.folder.lock().ok().and_then(|mut folder| folder.take());
        folder.map(TempDir::keep);
        self.data()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

impl Place {
    fn read(written: &[u8], turn: u64) -> Place {
        let credentials: Value = serde_json::from_slice(written).expect("it is never there in part");
        let member = |name: &str| credentials[name].as_str().expect("it is a text").to_owned();
        Place { base_url: member("baseUrl"), api_key: member("apiKey"), turn }
    }
}
