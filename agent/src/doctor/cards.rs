//! Driver, library and cards, and what gives them to containers and shares.

use super::Finding;
use super::facts::{Facts, Library};
use crate::container::cdi_command;
use crate::mps::Mps;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![driver(facts), library(facts)];
    findings.extend(device_files(facts));
    if let Library::Works { cards, .. } = &facts.driver.library
        && !cards.is_empty()
    {
        findings.extend(cards_answer(facts));
        findings.push(persistence(facts));
        findings.push(cdi(facts));
        findings.push(mps(facts));
    }
    findings
}

fn driver(facts: &Facts) -> Finding {
    const CHECK: &str = "driver";
    match (&facts.driver.module, facts.driver.on_bus) {
        (Some(version), _) => Finding::ok(CHECK, format!("NVIDIA's module {version} is loaded")),
        (None, 0) => Finding::ok(CHECK, "no GPU of NVIDIA is on the bus, so no driver is needed"),
        (None, count) => Finding::fail(
            CHECK,
            format!("{count} GPUs of NVIDIA are on the bus, and their driver is not loaded"),
            "sudo modprobe nvidia || sudo dmesg | grep -i nvidia",
        ),
    }
}

fn library(facts: &Facts) -> Finding {
    const CHECK: &str = "NVML";
    let module = facts.driver.module.as_deref().unwrap_or("none");
    match &facts.driver.library {
        Library::Works { driver, cards } => {
            Finding::ok(CHECK, format!("NVML lists {} GPUs, driver {driver}", cards.len()))
        }
        Library::Missing(_) if facts.driver.module.is_none() && facts.driver.on_bus == 0 => {
            Finding::ok(CHECK, "NVML is not here, and no GPU that needs it")
        }
        Library::Missing(why) => Finding::fail(
            CHECK,
            format!("libnvidia-ml.so.1 cannot be loaded: {why}"),
            "ldconfig -p | grep libnvidia-ml",
        ),
        Library::Mismatch => Finding::fail(
            CHECK,
            format!(
                "NVML is of another version than the loaded module ({module}): the driver was changed meanwhile"
            ),
            "sudo systemctl reboot",
        ),
        Library::NoPermission => Finding::fail(
            CHECK,
            "this user may not use the driver",
            "ls -l /dev/nvidia*; sudo chmod a+rw /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia[0-9]*",
        ),
        Library::NoDriver => {
            Finding::fail(CHECK, "NVML is here, and no driver answers it", "sudo modprobe nvidia")
        }
        Library::Failed(why) => Finding::fail(CHECK, format!("NVML fails: {why}"), "nvidia-smi"),
    }
}

/// Who may not open the driver's files cannot use the cards, whatever NVML says.
fn device_files(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "device files";
    let files = &facts.driver.files;
    let names = |closed: Vec<&super::DeviceFile>| {
        closed.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(" ")
    };
    let to_us = names(files.iter().filter(|file| !file.open_to_us).collect());
    let to_all = names(files.iter().filter(|file| !file.open_to_all).collect());
    if files.is_empty() {
        facts.driver.module.as_ref()?;
        let says = "the module is loaded, and there is no /dev/nvidiactl";
        return Some(Finding::fail(CHECK, says, "sudo nvidia-modprobe -c 0 -u"));
    }
    Some(if !to_us.is_empty() {
        let says = format!("this user may not read and write {to_us}");
        Finding::fail(CHECK, says, format!("sudo chmod a+rw {to_us}"))
    } else if !to_all.is_empty() {
        let says =
            format!("not everyone may read and write {to_all}: jobs that run as another user see no GPU");
        Finding::warn(CHECK, says, format!("sudo chmod a+rw {to_all}"))
    } else {
        Finding::ok(CHECK, format!("all {} can be read and written", files.len()))
    })
}

fn cards_answer(facts: &Facts) -> Option<Finding> {
    let Library::Works { cards, .. } = &facts.driver.library else { return None };
    let silent = cards.iter().find_map(|card| Some((card.index, card.uuid.as_ref().err()?)));
    let missing = facts.driver.on_bus.saturating_sub(cards.len());
    let finding = match silent {
        Some((index, why)) => Finding::fail(
            "cards",
            format!("GPU {index} does not say who it is: {why}"),
            "sudo dmesg | grep -i xid",
        ),
        None if missing > 0 => Finding::fail(
            "cards",
            format!("{missing} of the {} GPUs on the bus are not listed", facts.driver.on_bus),
            "sudo dmesg | grep -i -e xid -e nvrm",
        ),
        None => return None,
    };
    Some(finding)
}

fn persistence(facts: &Facts) -> Finding {
    const CHECK: &str = "persistence mode";
    let Library::Works { cards, .. } = &facts.driver.library else { return Finding::ok(CHECK, "not asked") };
    let off: Vec<_> = cards
        .iter()
        .filter(|card| card.persistent == Some(false))
        .map(|card| card.index.to_string())
        .collect();
    if !off.is_empty() {
        let says = format!(
            "off on GPU {}: each first program waits seconds for the card, and settings and error counts are lost",
            off.join(", ")
        );
        return Finding::warn(
            CHECK,
            says,
            "sudo systemctl enable --now nvidia-persistenced || sudo nvidia-smi -pm 1",
        );
    }
    let silent = cards.iter().filter(|card| card.persistent.is_none()).count();
    if silent > 0 { Finding::ok(CHECK, "the driver does not tell") } else { Finding::ok(CHECK, "on") }
}

fn cdi(facts: &Facts) -> Finding {
    const CHECK: &str = "container devices";
    match facts.without_cdi.first() {
        None => Finding::ok(CHECK, "every GPU is described for containers (CDI)"),
        Some(uuid) => {
            let says = format!(
                "no CDI file describes {uuid}: podman runs no containers here, and docker must have NVIDIA's runtime"
            );
            Finding::warn(CHECK, says, format!("sudo {}", cdi_command()))
        }
    }
}

fn mps(facts: &Facts) -> Finding {
    const CHECK: &str = "shares (MPS)";
    match &facts.mps {
        Mps::Running(pipes) => Finding::ok(
            CHECK,
            format!("the MPS control daemon answers in {}: shares are enforced", pipes.display()),
        ),
        Mps::Absent => Finding::warn(
            CHECK,
            "no MPS control daemon runs: shares of a GPU are counted and not enforced",
            "sudo nvidia-cuda-mps-control -d",
        ),
        Mps::Silent(why) => Finding::warn(
            CHECK,
            format!("the MPS control daemon does not answer, so shares are not enforced: {why}"),
            "echo quit | sudo nvidia-cuda-mps-control; sudo nvidia-cuda-mps-control -d",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::{CardFacts, DeviceFile};
    use super::super::{Grade, graded};
    use super::*;

    fn about(check: &str, change: impl FnOnce(&mut Facts)) -> (Grade, String, String) {
        let mut facts = Facts::well();
        change(&mut facts);
        graded(&examine(&facts), check)
    }

    #[test]
    fn a_driver_that_is_not_loaded_is_told_from_a_host_without_cards() {
        let (grade, says, run) = about("driver", |facts| facts.driver.module = None);
        assert!(grade == Grade::Fail && says.starts_with("1 GPUs") && run.contains("modprobe"), "{says}");
        let bare = |facts: &mut Facts| {
            (facts.driver.module, facts.driver.on_bus) = (None, 0);
            facts.driver.library = Library::Missing("no such file".to_owned());
            facts.driver.files.clear();
        };
        assert_eq!(about("driver", bare).0, Grade::Ok);
        assert_eq!(about("NVML", bare).0, Grade::Ok);
        assert_eq!(about("device files", bare).1, "no finding about device files");
    }

    #[test]
    fn each_way_in_which_the_library_fails_has_its_own_word() {
        let failures = [
            (Library::Missing("no such file".to_owned()), "cannot be loaded: no such file", "ldconfig"),
            (Library::Mismatch, "another version than the loaded module (550.90.07)", "reboot"),
            (Library::NoPermission, "may not use the driver", "ls -l /dev/nvidia"),
            (Library::NoDriver, "no driver answers", "modprobe"),
            (Library::Failed("code 999".to_owned()), "code 999", "nvidia-smi"),
        ];
        for (library, word, command) in failures {
            let (grade, says, run) = about("NVML", |facts| facts.driver.library = library);
            assert!(grade == Grade::Fail && says.contains(word) && run.contains(command), "{says}: {run}");
        }
    }

    #[test]
    fn files_that_are_closed_are_named() {
        let close = |us: bool| {
            move |facts: &mut Facts| {
                facts.driver.files.push(DeviceFile {
                    path: "/dev/nvidia1".into(),
                    open_to_us: us,
                    open_to_all: false,
                });
            }
        };
        let (grade, says, run) = about("device files", close(false));
        assert!(grade == Grade::Fail && says.contains("/dev/nvidia1") && run.contains("chmod"), "{says}");
        assert_eq!(about("device files", close(true)).0, Grade::Warn);
        assert_eq!(about("device files", |facts| facts.driver.files.clear()).0, Grade::Fail);
    }

    #[test]
    fn lost_and_missing_cards_are_told() {
        let (grade, says, _) = about("cards", |facts| facts.driver.on_bus = 8);
        assert_eq!((grade, says.as_str()), (Grade::Fail, "7 of the 8 GPUs on the bus are not listed"));
        let lost = CardFacts { index: 3, uuid: Err("lost".to_owned()), persistent: None };
        let (grade, says, _) = about("cards", |facts| {
            facts.driver.library = Library::Works { driver: String::new(), cards: vec![lost] };
        });
        assert!(grade == Grade::Fail && says.contains("GPU 3"), "{says}");
    }

    #[test]
    fn persistence_containers_and_shares_are_worth_a_warning() {
        let off = CardFacts { index: 0, uuid: Ok("GPU-1".to_owned()), persistent: Some(false) };
        let (grade, says, _) = about("persistence mode", |facts| {
            facts.driver.library = Library::Works { driver: String::new(), cards: vec![off] };
        });
        assert!(grade == Grade::Warn && says.starts_with("off on GPU 0"), "{says}");
        let (grade, _, run) =
            about("container devices", |facts| facts.without_cdi = vec!["GPU-1".to_owned()]);
        assert!(grade == Grade::Warn && run.contains("nvidia-ctk"), "{run}");
        assert_eq!(about("shares (MPS)", |facts| facts.mps = Mps::Absent).0, Grade::Warn);
        let (_, says, run) = about("shares (MPS)", |facts| facts.mps = Mps::Silent("late".to_owned()));
        assert!(says.contains("late") && run.contains("quit"), "{says}");
    }
}
