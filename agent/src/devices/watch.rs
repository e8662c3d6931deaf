//! Looks at the cards in a thread of its own, and publishes what it saw. A driver that hangs, as drivers do when a card dies, hangs
//! that thread alone: whoever asks gets the newest look there is, and after a while the plain word that the cards do not answer.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Condition, Device, Devices, LiveAttempt, Sample};

/// A look takes milliseconds; one that takes longer than this is taken for none at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is said of a card that is not heard of.
const SILENT: &str = "NVML does not answer";

/// What one round found.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// When it began.
    began: Instant,
    /// Each card.
    pub(crate) samples: Vec<Sample>,
}

/// The cards, watched.
#[derive(Debug)]
pub(crate) struct Watcher {
    devices: Arc<Devices>,
    inventory: Vec<Device>,
    looks: watch::Sender<Option<Arc<Look>>>,
    /// Tells the thread to look now; its end is the thread's.
    wake: Mutex<Option<SyncSender<()>>>,
    started: Instant,
}

impl Watcher {
    /// Watches nothing yet.
    pub(crate) fn new(devices: Devices) -> Self {
        Self {
            inventory: devices.inventory(),
            devices: Arc::new(devices),
            looks: watch::Sender::new(None),
            wake: Mutex::new(None),
            started: Instant::now(),
        }
    }

    /// Begins to look, this often, with the attempts that live at the time. The thread ends with this watcher.
    pub(crate) fn start(
        &self,
        every: Duration,
        live: impl Fn() -> Vec<LiveAttempt> + Send + 'static,
    ) -> std::io::Result<()> {
        let (wake, woken) = sync_channel(1);
        let (devices, looks) = (Arc::clone(&self.devices), self.looks.clone());
        std::thread::Builder::new().name("gpu-look".to_owned()).spawn(move || {
            loop {
                let began = Instant::now();
                let samples = devices.sample(&live());
                looks.send_replace(Some(Arc::new(Look { began, samples })));
                if woken.recv_timeout(every.saturating_sub(began.elapsed()))
                    == Err(RecvTimeoutError::Disconnected)
                {
                    return;
                }
            }
        })?;
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(wake);
        Ok(())
    }

    /// The newest samples, or that the cards do not answer.
    pub(crate) fn newest(&self) -> Vec<Sample> {
        let look = self.looks.borrow().clone();
        match look {
            Some(look) if look.began.elapsed() < PATIENCE => look.samples.clone(),
            None if self.started.elapsed() < PATIENCE => Vec::new(),
            _ => self.inventory.iter().map(silent).collect(),
        }
    }

    /// Samples of a look that begins after this call: what was true before is no proof. `None`: the cards do not answer.
    pub(crate) async fn fresh(&self) -> Option<Vec<Sample>> {
        let asked = Instant::now();
        let mut looks = self.looks.subscribe();
        let is_fresh = |look: &Option<Arc<Look>>| look.as_ref().is_some_and(|look| look.began >= asked);
        let deadline = tokio::time::sleep(PATIENCE);
        tokio::pin!(deadline);
        loop {
            self.wake();
            if is_fresh(&looks.borrow_and_update()) {
                return looks.borrow().as_ref().map(|look| look.samples.clone());
            }
            tokio::select! {
                _ = looks.changed() => {}
                () = &mut deadline => return None,
            }
        }
    }

    /// Every card, in the condition in which it was last seen.
    pub(crate) fn inventory(&self) -> Vec<Device> {
        let newest = self.newest();
        let mut devices = self.inventory.clone();
        for device in &mut devices {
            if let Some(sample) = newest.iter().find(|sample| sample.uuid == device.uuid) {
                device.condition = sample.condition.clone();
            }
        }
        devices
    }

    /// Mistakes of programs that the driver has reported since this was last asked, with the card that each was made on.
    pub(crate) fn take_notes(&self) -> Vec<(String, String)> {
        self.devices.take_notes()
    }

    /// Whether a real card stands behind these.
    pub(crate) fn are_real(&self) -> bool {
        matches!(*self.devices, Devices::Nvml(_))
    }

    /// How much memory a card has.
    pub(crate) fn memory_mib(&self, uuid: &str) -> Option<i32> {
        self.inventory.iter().find(|device| device.uuid == uuid).map(|device| device.memory_mib)
    }

    /// The real cards.
    pub(crate) fn real_uuids(&self) -> Vec<String> {
        let real = self.inventory.iter().filter(|_| self.are_real());
        real.map(|device| device.uuid.clone()).collect()
    }

    fn wake(&self) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        // A full channel has woken it already.
        if let Some(Err(TrySendError::Disconnected(()))) = wake.as_ref().map(|wake| wake.try_send(())) {
            tracing::error!("the thread that looks at the GPUs has ended");
        }
    }
}

fn silent(device: &Device) -> Sample {
    Sample {
        uuid: device.uuid.clone(),
        condition: Condition::Failed(SILENT.to_owned()),
        processes: None,
        ..Sample::default()
    }
}
