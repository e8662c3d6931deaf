//! Real GPUs, through NVIDIA's management library, which is loaded while the program runs so that it need not be there.
//!
//! Every answer may be an error: a card can fall off the bus at any moment, and drivers newer than this program answer with
//! codes unknown to it. Such a card has failed; the agent must not.

mod card;
mod find;
mod verdict;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::xid::XidWatch;
use super::{Device, LiveAttempt, Sample};
use card::Card;

/// How long a card must behave before a fault of it is forgiven.
const PROBATION: Duration = Duration::from_secs(600);

/// NVML could not be used at all.
#[derive(Debug, thiserror::Error)]
#[error("NVML is not available: {0}")]
pub struct NvmlUnavailable(#[from] NvmlError);

/// The cards that NVML listed when it was loaded.
pub struct NvmlDevices {
    cards: Vec<Card>,
    driver_version: String,
    xid: XidWatch,
    /// Cards that can never list their processes are believed to be free when no job holds them.
    accept_unlisted: bool,
}

impl std::fmt::Debug for NvmlDevices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let uuids: Vec<_> = self.cards.iter().map(|card| &card.device.uuid).collect();
        f.debug_struct("NvmlDevices").field("cards", &uuids).finish()
    }
}

impl NvmlDevices {
    /// Loads the library, the driver's own unless another is named, and finds the cards.
    pub fn load(library: Option<&Path>) -> Result<Self, NvmlUnavailable> {
        let nvml = match library {
            Some(path) => Nvml::builder().lib_path(OsStr::new(path)).init()?,
            None => Nvml::init()?,
        };
        // Kept for the life of the process: its handles point into it, and letting go of a library without a shutdown
        // function panics.
        let nvml: &'static Nvml = Box::leak(Box::new(nvml));
        let driver_version = nvml.sys_driver_version().unwrap_or_else(|_| "of unknown version".to_owned());
        let cards = find::cards(nvml)?;
        let boards: Vec<_> = cards.iter().map(|card| card.whole.as_ref().unwrap_or(&card.handle)).collect();
        let xid = XidWatch::new(nvml, &boards, PROBATION);
        Ok(Self { cards, driver_version, xid, accept_unlisted: false })
    }

    /// Believes cards to be free that can never list their processes, as under WSL or with virtual GPUs. An operator who wants
    /// this takes it on himself.
    pub fn accept_unlisted(&mut self) {
        self.accept_unlisted = true;
    }

    /// How long a card must behave before a fault of it is forgiven; ten minutes unless it is said here.
    pub fn set_probation(&mut self, probation: Duration) {
        self.xid.set_probation(probation);
    }

    /// Whether there is no card.
    pub fn is_empty(&self) -> bool {
        self.cards.is_empty()
    }

    /// The driver's version, for people.
    pub fn driver_version(&self) -> &str {
        &self.driver_version
    }

    /// How many of which model.
    pub fn summary(&self) -> String {
        let mut models: Vec<(&str, usize)> = Vec::new();
        for card in &self.cards {
            let name = card.device.gpu_type.as_str();
            match models.iter_mut().find(|(model, _)| *model == name) {
                Some((_, count)) => *count += 1,
                None => models.push((name, 1)),
            }
        }
        models.iter().map(|(model, count)| format!("{count} x {model}")).collect::<Vec<_>>().join(", ")
    }

    /// The cards as they were found, each in its present condition.
    pub fn inventory(&self) -> Vec<Device> {
        let samples = self.sample(&[]);
        let in_condition =
            |(card, sample): (&Card, Sample)| Device { condition: sample.condition, ..card.device.clone() };
        self.cards.iter().zip(samples).map(in_condition).collect()
    }

    /// Looks at every card once.
    pub fn sample(&self, live: &[LiveAttempt]) -> Vec<Sample> {
        self.xid.poll();
        self.cards.iter().map(|card| card.look(&self.xid, live, self.accept_unlisted)).collect()
    }

    /// Mistakes of programs that the driver has reported since this was last asked, with the card that each was made on.
    pub fn take_notes(&self) -> Vec<(String, String)> {
        let mut notes = Vec::new();
        for (identity, note) in self.xid.take_notes() {
            let on_it = self.cards.iter().filter(|card| card.identity() == identity);
            notes.extend(on_it.map(|card| (card.device.uuid.clone(), note.clone())));
        }
        notes
    }
}
