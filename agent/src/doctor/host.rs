//! The host: its kernel, its control groups, whom jobs can run as, what runs containers, its disk and its limits.

use super::Finding;
use super::facts::Facts;
use crate::container::cdi_command;

/// Below this much free disk a host is in trouble, and below that in some.
const NO_ROOM: u64 = 100 << 20;
const LITTLE_ROOM: u64 = 2 << 30;
/// An agent keeps three or four files open for each job.
const FEW_FILES: u64 = 4096;

pub(super) fn examine(facts: &Facts) -> Vec<Finding> {
    vec![
        kernel(facts),
        groups(facts),
        users(facts),
        privileges(facts),
        containers(facts),
        data_dir(facts),
        disk(facts),
        open_files(facts),
    ]
}

fn kernel(facts: &Facts) -> Finding {
    const CHECK: &str = "kernel";
    let release = &facts.kernel;
    match version(release) {
        Some(version) if version >= (5, 14) => {
            Finding::ok(CHECK, format!("Linux {release} starts and kills jobs in control groups"))
        }
        Some(version) if version >= (5, 7) => Finding::warn(
            CHECK,
            format!(
                "Linux {release} cannot kill a control group at once (5.14 can): jobs are held by parentage"
            ),
            "uname -r",
        ),
        Some(_) => Finding::warn(
            CHECK,
            format!(
                "Linux {release} cannot start a job in a control group (5.7 can): each start costs some 20 ms more"
            ),
            "uname -r",
        ),
        None => {
            Finding::warn(CHECK, format!("the kernel's version '{release}' is not understood"), "uname -r")
        }
    }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn groups(facts: &Facts) -> Finding {
    const CHECK: &str = "control groups";
    const DELEGATE: &str = "sudo systemctl edit gpu-fleet-agent   # [Service] Delegate=yes";
    let groups = &facts.groups;
    match &groups.own {
        Some(own) if groups.may_make => {
            Finding::ok(CHECK, format!("jobs get groups of their own below {}", own.display()))
        }
        Some(own) if groups.systemd => Finding::warn(
            CHECK,
            format!("no group may be made in {}: systemd is asked for scopes instead", own.display()),
            DELEGATE,
        ),
        Some(own) => Finding::warn(
            CHECK,
            format!("no group may be made in {}: jobs are held together by parentage alone", own.display()),
            format!("ls -ld {}", own.display()),
        ),
        None => Finding::warn(
            CHECK,
            "no control groups of version 2 are mounted: jobs are held together by parentage alone",
            "stat -fc %T /sys/fs/cgroup",
        ),
    }
}

fn users(facts: &Facts) -> Finding {
    const CHECK: &str = "users";
    if !facts.is_root {
        return Finding::warn(
            CHECK,
            "an agent of this user cannot switch users: jobs run as it does, and may read its key",
            "sudo gpu-fleet agent --job-user NAME …",
        );
    }
    if !facts.knows_nobody {
        let says = "there is no user 'nobody' for jobs to run as";
        return Finding::fail(CHECK, says, "gpu-fleet agent --job-user NAME …");
    }
    Finding::ok(CHECK, "an agent of root can start jobs as other users")
}

fn privileges(facts: &Facts) -> Finding {
    const CHECK: &str = "privileges";
    if facts.no_new_privs && !facts.is_root {
        return Finding::warn(
            CHECK,
            "this user may gain no privileges (no_new_privs): containers without root, which need newuidmap, cannot start",
            "sudo systemctl edit gpu-fleet-agent   # [Service] NoNewPrivileges=no",
        );
    }
    Finding::ok(CHECK, "nothing keeps an agent here from starting what it must")
}

fn containers(facts: &Facts) -> Finding {
    const CHECK: &str = "containers";
    match (&facts.containers.runtime, facts.containers.notes.first()) {
        (Some(runtime), None) => Finding::ok(CHECK, format!("{} runs them", runtime.title())),
        (Some(runtime), Some(note)) if runtime.init => {
            Finding::ok(CHECK, format!("{} runs them ({note})", runtime.title()))
        }
        (Some(runtime), Some(_)) => Finding::warn(
            CHECK,
            format!(
                "{} runs them, without an init: a command hears SIGTERM only if it handles it",
                runtime.title()
            ),
            "sudo apt-get install catatonit",
        ),
        (None, None) => Finding::warn(
            CHECK,
            "jobs with an image do not come here: none of podman, apptainer and docker is here",
            "sudo apt-get install podman catatonit",
        ),
        (None, Some(note)) => {
            let run = if facts.without_cdi.is_empty() {
                "podman info; docker info".to_owned()
            } else {
                format!("sudo {}", cdi_command())
            };
            Finding::warn(CHECK, format!("jobs with an image do not come here: {note}"), run)
        }
    }
}

fn data_dir(facts: &Facts) -> Finding {
    const CHECK: &str = "data directory";
    let dir = &facts.data_dir;
    let path = dir.path.display();
    match dir.mode {
        _ if !dir.writable => Finding::fail(
            CHECK,
            format!("this user may not write to {path}"),
            format!("sudo install -d -m 700 -o $(id -un) {path}"),
        ),
        None => Finding::ok(CHECK, format!("{path} does not exist yet, and can be made")),
        Some(mode) if mode & 0o022 != 0 => Finding::fail(
            CHECK,
            format!("others may write to {path}, and take the agent's key and jobs over"),
            format!("chmod 700 {path}"),
        ),
        Some(_) => Finding::ok(CHECK, format!("{path} can be written to, by nobody else")),
    }
}

fn disk(facts: &Facts) -> Finding {
    const CHECK: &str = "disk";
    let path = facts.data_dir.path.display();
    let command = format!("df -h {path}");
    match facts.data_dir.free {
        None => Finding::warn(CHECK, format!("the disk of {path} does not say how much is free"), command),
        Some(free) if free < NO_ROOM => {
            let says =
                format!("{} MiB are free: no job can be started without room for its records", free >> 20);
            Finding::fail(CHECK, says, command)
        }
        Some(free) if free < LITTLE_ROOM => {
            let says = format!("{} MiB are free, and the log of one job may take 64", free >> 20);
            Finding::warn(CHECK, says, command)
        }
        Some(free) => Finding::ok(CHECK, format!("{} GiB are free", free >> 30)),
    }
}

fn open_files(facts: &Facts) -> Finding {
    const CHECK: &str = "open files";
    let (soft, hard) = facts.open_files;
    if soft < FEW_FILES {
        let says = format!("{soft} files may be open at once: an agent needs four for each job");
        let run = if hard >= FEW_FILES {
            format!("ulimit -n {hard}")
        } else {
            "sudo systemctl edit gpu-fleet-agent   # [Service] LimitNOFILE=65536".to_owned()
        };
        return Finding::warn(CHECK, says, run);
    }
    Finding::ok(CHECK, format!("{soft} may be open at once"))
}

#[cfg(test)]
mod tests {
    use super::super::{Grade, graded};
    use super::*;
    use crate::container::Found;

    fn about(check: &str, change: impl FnOnce(&mut Facts)) -> (Grade, String, String) {
        let mut facts = Facts::well();
        change(&mut facts);
        graded(&examine(&facts), check)
    }

    #[test]
    fn old_kernels_are_told_by_what_they_lack() {
        for (release, word) in
            [("5.10.0", "5.14 can"), ("4.18.0-553.el8", "5.7 can"), ("odd", "not understood")]
        {
            let (grade, says, _) = about("kernel", |facts| facts.kernel = release.to_owned());
            assert!(grade == Grade::Warn && says.contains(word), "{says}");
        }
        assert_eq!(about("kernel", |facts| facts.kernel = "5.14.0".to_owned()).0, Grade::Ok);
    }

    #[test]
    fn groups_that_cannot_be_made_are_told_with_what_takes_their_place() {
        let (_, says, run) = about("control groups", |facts| facts.groups.may_make = false);
        assert!(says.contains("scopes") && run.contains("Delegate"), "{says}");
        let alone = |facts: &mut Facts| (facts.groups.may_make, facts.groups.systemd) = (false, false);
        assert!(about("control groups", alone).1.contains("parentage alone"));
        assert_eq!(about("control groups", |facts| facts.groups.own = None).0, Grade::Warn);
    }

    #[test]
    fn who_cannot_switch_users_is_told_what_follows() {
        let (grade, says, _) = about("users", |facts| facts.is_root = false);
        assert!(grade == Grade::Warn && says.contains("may read its key"), "{says}");
        assert_eq!(about("users", |facts| facts.knows_nobody = false).0, Grade::Fail);
        let bound = |facts: &mut Facts| (facts.no_new_privs, facts.is_root) = (true, false);
        assert_eq!(about("privileges", bound).0, Grade::Warn);
        assert_eq!(about("privileges", |facts| facts.no_new_privs = true).0, Grade::Ok);
    }

    #[test]
    fn a_host_without_containers_says_why() {
        let (grade, says, _) = about("containers", |facts| facts.containers = Found::default());
        assert!(grade == Grade::Warn && says.contains("none of podman"), "{says}");
        let broken = Found { runtime: None, notes: vec!["podman runs no containers here: odd".to_owned()] };
        let (_, says, run) = about("containers", |facts| facts.containers = broken.clone());
        assert!(says.ends_with("odd") && run.starts_with("podman info"), "{says}: {run}");
        let undescribed = |facts: &mut Facts| {
            (facts.containers, facts.without_cdi) = (broken, vec!["GPU-1".to_owned()]);
        };
        assert!(about("containers", undescribed).2.contains("nvidia-ctk"));
        let deaf = |facts: &mut Facts| {
            if let Some(runtime) = &mut facts.containers.runtime {
                runtime.init = false;
            }
            facts.containers.notes.push("no init".to_owned());
        };
        assert!(about("containers", deaf).2.contains("catatonit"));
    }

    #[test]
    fn a_directory_that_is_closed_or_too_open_fails() {
        let (grade, _, run) = about("data directory", |facts| facts.data_dir.writable = false);
        assert!(grade == Grade::Fail && run.contains("install -d"), "{run}");
        let open = |facts: &mut Facts| facts.data_dir.mode = Some(0o777);
        assert_eq!(about("data directory", open).0, Grade::Fail);
        assert_eq!(about("data directory", |facts| facts.data_dir.mode = None).0, Grade::Ok);
    }

    #[test]
    fn a_full_disk_and_few_files_are_noticed() {
        assert_eq!(about("disk", |facts| facts.data_dir.free = Some(10 << 20)).0, Grade::Fail);
        assert_eq!(about("disk", |facts| facts.data_dir.free = Some(1 << 30)).0, Grade::Warn);
        assert_eq!(about("disk", |facts| facts.data_dir.free = None).0, Grade::Warn);
        let (grade, _, run) = about("open files", |facts| facts.open_files = (1024, 20_000));
        assert_eq!((grade, run.as_str()), (Grade::Warn, "ulimit -n 20000"));
        assert!(about("open files", |facts| facts.open_files = (256, 1024)).2.contains("LimitNOFILE"));
    }
}
