//! The audit trail: who changed what, from what to what. A line is appended in the transaction of the change, so that
//! there is no change without its line and no line without its change.

use std::net::IpAddr;

use domain::ids::{ApiKeyId, OrganizationId};
use domain::role::Role;
use entity::audit;
use entity::json::{Changes, FieldChange};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::page::{Page, Rows};
use super::{Store, Tx};
use crate::fault::Fault;

/// Who changes something.
#[derive(Debug, Clone)]
pub struct Actor {
    /// As the proof names it.
    pub subject: String,
    /// With which role.
    pub role: Role,
    /// By which API key, if by one.
    pub api_key: Option<ApiKeyId>,
    /// In which request.
    pub request_id: String,
    /// From where; it may be a proxy's address.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// Whoever may read a server's data directory, in what they do there.
    #[must_use]
    pub fn local(subject: String) -> Self {
        Self { subject, ..Self::server() }
    }

    /// The server itself, in what it does on its own account.
    #[must_use]
    pub fn server() -> Self {
        Self {
            subject: "gpu-fleet".to_owned(),
            role: Role::Operator,
            api_key: None,
            request_id: String::new(),
            address: None,
        }
    }

    /// Its name in events and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.subject
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident => $text:literal),+ $(,)?) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $action),+
        }

        impl Action {
            /// As the book spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$action => $text),+ }
            }

            /// The action that the book spells so.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$action),)+ _ => None }
            }
        }
    };
}

actions! {
    /// A job was submitted.
    SubmitJob => "SUBMIT_JOB",
    /// Jobs were submitted in bulk.
    SubmitJobs => "SUBMIT_JOBS",
    /// A job that had ended was submitted anew.
    RetryJob => "RETRY_JOB",
    /// A job was cancelled.
    CancelJob => "CANCEL_JOB",
    /// A waiting job was edited.
    UpdateJob => "UPDATE_JOB",
    /// Chosen GPUs were given to a job.
    AllocateGpus => "ALLOCATE_GPUS",
    /// A job's GPUs were given back.
    ReleaseJob => "RELEASE_JOB",
    /// An organization was made.
    CreateOrganization => "CREATE_ORGANIZATION",
    /// An organization was edited.
    UpdateOrganization => "UPDATE_ORGANIZATION",
    /// An API key was made.
    CreateApiKey => "CREATE_API_KEY",
    /// An API key was revoked.
    RevokeApiKey => "REVOKE_API_KEY",
    /// A server's signing key was taken back.
    RevokeSigningKey => "REVOKE_SIGNING_KEY",
    /// A host has joined the fleet, by a join token.
    JoinHost => "JOIN_HOST",
    /// A host was edited.
    UpdateHost => "UPDATE_HOST",
    /// A host was taken out of the fleet.
    RemoveHost => "REMOVE_HOST",
    /// Somebody signed in with the identity provider.
    SignIn => "SIGN_IN",
}

/// A line to be.
pub(crate) struct Line {
    action: Action,
    organization: Option<Uuid>,
    subject: Option<String>,
    changes: Vec<FieldChange>,
}

impl Line {
    pub(crate) fn new(action: Action, organization: Option<Uuid>, subject: impl ToString) -> Self {
        Self { action, organization, subject: Some(subject.to_string()), changes: Vec::new() }
    }

    /// Notes a field, unless it is as it was.
    pub(crate) fn field(
        mut self,
        field: &str,
        before: Option<impl ToString>,
        after: Option<impl ToString>,
    ) -> Self {
        let (before, after) = (before.map(|it| it.to_string()), after.map(|it| it.to_string()));
        if before != after {
            self.changes.push(FieldChange { field: field.to_owned(), before, after });
        }
        self
    }

    /// Notes a field of something new.
    pub(crate) fn made(self, field: &str, value: Option<impl ToString>) -> Self {
        self.field(field, None::<String>, value)
    }
}

impl Tx<'_> {
    /// Appends a line to the audit trail.
    pub(crate) fn note(&self, actor: &Actor, line: Line) {
        self.append(audit::ActiveModel {
            id: Set(self.id()),
            at: Set(self.now),
            organization_id: Set(line.organization),
            actor: Set(actor.subject.clone()),
            role: Set(actor.role.to_string()),
            api_key_id: Set(actor.api_key.map(|id| id.0)),
            action: Set(line.action.as_str().to_owned()),
            subject: Set(line.subject),
            changes: Set(Changes(line.changes)),
            request_id: Set(actor.request_id.clone()),
            address: Set(actor.address.map(|address| address.to_string())),
        });
    }
}

impl Store {
    /// Notes that somebody has signed in, who belongs there.
    ///
    /// # Errors
    /// Database faults.
    pub async fn note_sign_in(
        &self,
        organization: Option<OrganizationId>,
        actor: &Actor,
    ) -> Result<(), Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let organization = organization.map(|id| id.0);
                let line = Line { action: Action::SignIn, organization, subject: None, changes: Vec::new() };
                tx.note(&actor, line);
                Ok(())
            })
        })
        .await
    }

    /// The trail's lines that pass a filter, newest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn audit_trail(
        &self,
        filter: Condition,
        page: &Page<(chrono::DateTime<chrono::Utc>, Uuid)>,
    ) -> Result<Rows<audit::Model>, Fault> {
        use audit::Column;
        let find = audit::Entity::find().filter(filter);
        let total = find.clone().count(self.db()).await?;
        let mut cursor = find.cursor_by((Column::At, Column::Id));
        if let Some(key) = page.after {
            cursor.after(key);
        }
        if let Some(key) = page.before {
            cursor.before(key);
        }
        cursor.desc();
        if page.backwards {
            cursor.last(page.limit + 1)
        } else {
            cursor.first(page.limit + 1)
        };
        Ok(page.cut(cursor.all(self.db()).await?, total))
    }

    /// The lines since an instant, oldest first; of very many the newest.
    ///
    /// # Errors
    /// Database faults.
    pub async fn audit_since(
        &self,
        since: chrono::DateTime<chrono::Utc>,
        most: u64,
    ) -> Result<Vec<audit::Model>, Fault> {
        let mut lines = audit::Entity::find()
            .filter(audit::Column::At.gte(since))
            .order_by_desc(audit::Column::At)
            .order_by_desc(audit::Column::Id)
            .limit(most)
            .all(self.db())
            .await?;
        lines.reverse();
        Ok(lines)
    }

    /// Forgets lines of before an instant.
    ///
    /// # Errors
    /// Database faults.
    pub async fn prune_audit(&self, before: chrono::DateTime<chrono::Utc>) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                audit::Entity::delete_many().filter(audit::Column::At.lt(before)).exec(tx.db).await?;
                Ok(())
            })
        })
        .await
    }
}
