//! Whom jobs run as: an organization's own user where one was named, else the one for all others. Never as root unless an
//! operator says so by that name.

use std::collections::HashMap;
use std::str::FromStr;

use nix::unistd::{User, geteuid, getgrouplist};

use crate::attempt::JobUser;

/// Who a root agent's jobs run as when nobody was named.
const NOBODY: &str = "nobody";

/// What an operator says: `NAME` for all organizations, or `SLUG=NAME` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobUserRule {
    /// The organization's slug; none: all that have no rule of their own.
    pub organization: Option<String>,
    /// The login name.
    pub user: String,
}

impl FromStr for JobUserRule {
    type Err = InvalidJobUser;

    fn from_str(text: &str) -> Result<Self, InvalidJobUser> {
        let (organization, user) = match text.split_once('=') {
            Some((slug, user)) => (Some(slug.trim()), user.trim()),
            None => (None, text.trim()),
        };
        if user.is_empty() || organization.is_some_and(str::is_empty) {
            return Err(InvalidJobUser::Malformed(text.to_owned()));
        }
        Ok(Self { organization: organization.map(str::to_owned), user: user.to_owned() })
    }
}

/// Why jobs cannot run as was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJobUser {
    /// It is no rule.
    #[error("'{0}' names no user for jobs: write NAME, or ORGANIZATION=NAME")]
    Malformed(String),
    /// The host does not know the user.
    #[error("this host has no user '{0}' for jobs to run as")]
    Unknown(String),
    /// Only root can become somebody else.
    #[error("jobs cannot run as '{0}': the agent runs as another user, and only root can switch")]
    CannotSwitch(String),
    /// Its groups cannot be read.
    #[error("the groups of the user '{0}' cannot be read: {1}")]
    Groups(String, nix::errno::Errno),
}

/// Who runs whose jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobUsers {
    of_organization: HashMap<String, Option<JobUser>>,
    /// None: whoever the agent is.
    others: Option<JobUser>,
}

impl JobUsers {
    /// Finds the users that the rules name. Without a rule for all, a root agent's jobs run as `nobody`, and another's as the
    /// agent itself.
    ///
    /// # Errors
    /// See [`InvalidJobUser`].
    pub fn resolve(rules: &[JobUserRule]) -> Result<Self, InvalidJobUser> {
        let mut users = Self::default();
        if geteuid().is_root() && !rules.iter().any(|rule| rule.organization.is_none()) {
            users.others = find(NOBODY)?;
        }
        for rule in rules {
            let user = find(&rule.user)?;
            match &rule.organization {
                Some(slug) => drop(users.of_organization.insert(slug.clone(), user)),
                None => users.others = user,
            }
        }
        Ok(users)
    }

    /// Whom an organization's jobs run as; none: whoever the agent is.
    pub(crate) fn of(&self, organization: &str) -> Option<JobUser> {
        self.of_organization.get(organization).unwrap_or(&self.others).clone()
    }

    /// One sentence for the operator.
    pub fn describe(&self) -> String {
        let own = || {
            User::from_uid(geteuid()).ok().flatten().map_or_else(|| geteuid().to_string(), |user| user.name)
        };
        let name = |user: &Option<JobUser>| user.as_ref().map_or_else(own, |user| user.name.clone());
        let mut special: Vec<_> = self
            .of_organization
            .iter()
            .map(|(slug, user)| format!("those of {slug} as {}", name(user)))
            .collect();
        special.sort();
        let others = name(&self.others);
        let warning = if self.runs_anyone_as_root() {
            ": WHOEVER MAY SUBMIT A JOB IS ROOT ON THIS HOST (see --job-user)"
        } else {
            ""
        };
        [vec![format!("jobs run as {others}")], special].concat().join(", ") + warning
    }

    fn runs_anyone_as_root(&self) -> bool {
        let is_root = |user: &Option<JobUser>| user.is_none() && geteuid().is_root();
        is_root(&self.others) || self.of_organization.values().any(is_root)
    }
}

/// None: the agent's own user, to whom nothing needs to be switched.
fn find(name: &str) -> Result<Option<JobUser>, InvalidJobUser> {
    let known =
        User::from_name(name).ok().flatten().ok_or_else(|| InvalidJobUser::Unknown(name.to_owned()))?;
    if known.uid == geteuid() {
        return Ok(None);
    }
    if !geteuid().is_root() {
        return Err(InvalidJobUser::CannotSwitch(name.to_owned()));
    }
    let login = std::ffi::CString::new(name).map_err(|_| InvalidJobUser::Unknown(name.to_owned()))?;
    let groups =
        getgrouplist(&login, known.gid).map_err(|error| InvalidJobUser::Groups(name.to_owned(), error))?;
    Ok(Some(JobUser {
        name: known.name,
        uid: known.uid.as_raw(),
        gid: known.gid.as_raw(),
        groups: groups.iter().map(|group| group.as_raw()).collect(),
        home: known.dir,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rule(text: &str) -> JobUserRule {
        text.parse().unwrap()
    }

    #[test]
    fn rules_are_read_and_nonsense_is_refused() {
        assert_eq!(rule("alice"), JobUserRule { organization: None, user: "alice".to_owned() });
        assert_eq!(rule("lab = bob").organization.as_deref(), Some("lab"));
        for text in ["", "=", "lab=", "=bob"] {
            assert!(text.parse::<JobUserRule>().is_err(), "{text}");
        }
    }

    #[test]
    fn jobs_run_as_root_only_when_root_is_named() {
        let users = JobUsers::resolve(&[]).unwrap();
        let root = geteuid().is_root();
        assert_eq!(users.of("any").map(|user| user.name).as_deref(), root.then_some(NOBODY));
        assert!(!users.describe().contains("ROOT"));
        if root {
            let users = JobUsers::resolve(&[rule("root"), rule("lab=nobody")]).unwrap();
            assert_eq!((users.of("any"), users.of("lab").map(|user| user.uid)), (None, Some(65_534)));
            assert!(users.describe().contains("ROOT"));
        }
    }

    #[test]
    fn a_user_that_is_not_there_is_named() {
        let error = JobUsers::resolve(&[rule("no-such-user")]).unwrap_err();
        assert_eq!(error.to_string(), "this host has no user 'no-such-user' for jobs to run as");
    }
}
