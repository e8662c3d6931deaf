//! What is wrong on a host, and how to mend it: facts are gathered first (`gather`), and judged afterwards without looking at anything
//! (`cards`, `host`, `fleet`). Nothing here changes anything.

mod cards;
mod facts;
mod fleet;
mod gather;
mod host;

pub use facts::{
    CardFacts, ControlGroups, DataDir, DeviceFile, Driver, Facts, Library, Server, ServerAnswer, Token,
};
pub use gather::{Questions, gather};

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, and less well than it could.
    Warn,
    /// It does not work.
    Fail,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// One sentence.
    pub says: String,
    /// The command that mends it or tells more; null: there is nothing to mend.
    pub run: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, grade: Grade::Ok, says: says.into(), run: None }
    }

    fn warn(check: &'static str, says: impl Into<String>, run: impl Into<String>) -> Self {
        Self { check, grade: Grade::Warn, says: says.into(), run: Some(run.into()) }
    }

    fn fail(check: &'static str, says: impl Into<String>, run: impl Into<String>) -> Self {
        Self { check, grade: Grade::Fail, says: says.into(), run: Some(run.into()) }
    }
}

/// Judges everything, in the order in which things need each other.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    [cards::examine(facts), host::examine(facts), fleet::examine(facts)].concat()
}

/// The worst grade; of nothing it is the best.
pub fn worst(findings: &[Finding]) -> Grade {
    findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Ok)
}

#[cfg(test)]
fn graded(findings: &[Finding], check: &str) -> (Grade, String, String) {
    let found = findings.iter().find(|finding| finding.check == check);
    found.map_or((Grade::Ok, format!("no finding about {check}"), String::new()), |finding| {
        (finding.grade, finding.says.clone(), finding.run.clone().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_well_has_nothing_to_mend() {
        let findings = examine(&Facts::well());
        let ailing: Vec<_> = findings.iter().filter(|finding| finding.grade != Grade::Ok).collect();
        assert!(ailing.is_empty(), "{ailing:#?}");
        assert!(findings.len() >= 12 && findings.iter().all(|finding| finding.run.is_none()));
    }

    #[test]
    fn the_worst_counts() {
        let findings = [Finding::ok("a", ""), Finding::fail("b", "", ""), Finding::warn("c", "", "")];
        assert_eq!((worst(&findings), worst(&[])), (Grade::Fail, Grade::Ok));
    }
}
