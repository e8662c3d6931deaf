//! Jobs: submission, edits by people, and reads.

pub mod bulk;

use std::collections::{BTreeSet, HashMap};

use domain::ids::{JobId, OrganizationId};
use domain::job::JobStatus;
use domain::limits::JobSpec;
use entity::json::{Command, Env, Labels, Requirements};
use entity::{idempotency_key, job, job_dependency, organization};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::{DateTimeUtc, Uuid};
use sea_orm::sea_query::Expr;
use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{
    ColumnTrait, Condition, Cursor, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    SelectModel, TryIntoModel,
};
use sha2::{Digest, Sha256};

use super::audit::{Action, Line};
use super::events::status_of;
use super::feed::ChangeKind;
use super::life::{Changes, change, expect_version, finish, lock_job, unfinished_dependencies};
use super::logs::LogState;
use super::page::{Ask, Page, Rows, cursor};
use super::write::INSERT_ROWS;
use super::{Actor, Scope, Store, Tx};
use crate::fault::Fault;

/// What a list of jobs is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOrder {
    /// When they were submitted.
    SubmittedAt,
    /// When they were last changed.
    UpdatedAt,
    /// Their priority.
    Priority,
}

impl JobOrder {
    /// A job's cursor in this order.
    #[must_use]
    pub fn cursor(self, row: &job::Model) -> String {
        match self {
            Self::SubmittedAt => cursor(&(row.submitted_at, row.id)),
            Self::UpdatedAt => cursor(&(row.updated_at, row.id)),
            Self::Priority => cursor(&(row.priority, row.id)),
        }
    }
}

/// What a person may edit of a job.
#[derive(Debug, Clone, Default)]
pub struct JobEdit {
    /// New priority; only while it waits.
    pub priority: Option<i32>,
    /// New time limit; only while it waits.
    pub time_limit_seconds: Option<i32>,
    /// Hold or let go; only while it waits.
    pub hold: Option<bool>,
}

impl Store {
    /// Submits jobs, all or none, in order. A spec whose idempotency key was used before gives the first one's job. `bulk`: how
    /// the client has sent them, so that a refused field has the client's name.
    ///
    /// # Errors
    /// [`Fault::Quota`], [`Fault::Conflict`] for a key used with another body, [`Fault::Invalid`] for a dependency that
    /// does not exist.
    pub async fn submit_jobs(
        &self,
        organization: OrganizationId,
        specs: Vec<JobSpec>,
        bulk: bool,
        actor: &Actor,
    ) -> Result<Vec<job::Model>, Fault> {
        self.has_room()?;
        let specs: Vec<(Uuid, JobSpec)> = specs.into_iter().map(|spec| (self.clock().id(), spec)).collect();
        let (specs, actor) = (std::sync::Arc::new(specs), actor.clone());
        self.write(move |tx| {
            let (specs, actor) = (specs.clone(), actor.clone());
            Box::pin(async move {
                let how = Submission { bulk, retry_of: None, actor: actor.name() };
                let (jobs, made) = submit(tx, organization, &specs, &how).await?;
                if let Some(line) = submitted(organization, bulk, &made) {
                    tx.note(&actor, line);
                }
                Ok(jobs)
            })
        })
        .await
    }

    /// Submits anew what a job that has ended had submitted, as a job of its own.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Conflict`] for a job that has not ended; what [`Store::submit_jobs`] fails with.
    pub async fn retry_job(&self, scope: Scope, id: JobId, actor: &Actor) -> Result<job::Model, Fault> {
        self.retry(scope, id, false, actor).await
    }

    /// `once`: refuses a job that was submitted anew before.
    async fn retry(&self, scope: Scope, id: JobId, once: bool, actor: &Actor) -> Result<job::Model, Fault> {
        self.has_room()?;
        let (new, actor) = (self.clock().id(), actor.clone());
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let row = lock_job(tx, scope, id).await?;
                if !status_of(&row).is_terminal() {
                    return Err(Fault::Conflict {
                        message: format!(
                            "the job is {}: only a job that has ended can be retried",
                            row.status
                        ),
                        current_version: Some(row.version),
                    });
                }
                let earlier = job::Entity::find().filter(job::Column::RetryOf.eq(row.id));
                if once && earlier.count(tx.db).await? > 0 {
                    return Err(Fault::conflict("the job was submitted anew before"));
                }
                let organization = OrganizationId(row.organization_id);
                let how = Submission { bulk: false, retry_of: Some(row.id), actor: actor.name() };
                let spec = spec_of(tx, &row).await?;
                let (mut jobs, _) = submit(tx, organization, &[(new, spec)], &how).await?;
                let job = jobs.pop().ok_or_else(|| Fault::Internal("a submission made no job".into()))?;
                let line = Line::new(Action::RetryJob, Some(row.organization_id), JobId(job.id));
                tx.note(&actor, line.made("name", Some(&job.name)).made("retryOf", Some(id)));
                Ok(job)
            })
        })
        .await
    }

    /// Cancels a job. One that has ended as cancelled, or is being stopped, is returned as it is.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Conflict`] for another version or a job that has ended otherwise.
    pub async fn cancel_job(
        &self,
        scope: Scope,
        id: JobId,
        expected_version: Option<i32>,
        reason: Option<String>,
        actor: &Actor,
    ) -> Result<job::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let (actor, reason) = (actor.clone(), reason.clone());
            Box::pin(async move {
                let row = lock_job(tx, scope, id).await?;
                expect_version("job", expected_version, row.version)?;
                let reason = reason.unwrap_or_else(|| format!("cancelled by {}", actor.name()));
                let after = stop(tx, &row, JobStatus::Cancelled, reason, actor.name()).await?;
                tx.note(&actor, changed(Action::CancelJob, &row, &after));
                Ok(after)
            })
        })
        .await
    }

    /// Gives back a loan's GPUs; asks a job with a command to stop.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Conflict`] for a job that holds no GPUs.
    pub async fn release_job(&self, scope: Scope, id: JobId, actor: &Actor) -> Result<job::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let actor = actor.clone();
            Box::pin(async move {
                let row = lock_job(tx, scope, id).await?;
                if !status_of(&row).holds_gpus() {
                    return Err(Fault::Conflict {
                        message: format!("the job is {}: it holds no GPUs to release", row.status),
                        current_version: Some(row.version),
                    });
                }
                let reason = format!("released by {}", actor.name());
                let after = if row.command.is_none() {
                    finish(tx, &row, JobStatus::Succeeded, None, Some(reason), actor.name()).await?
                } else {
                    stop(tx, &row, JobStatus::Cancelled, reason, actor.name()).await?
                };
                tx.note(&actor, changed(Action::ReleaseJob, &row, &after));
                Ok(after)
            })
        })
        .await
    }

    /// Edits a waiting job, under its version.
    ///
    /// # Errors
    /// [`Fault::NotFound`]; [`Fault::Conflict`] for another version or a job that waits no more.
    pub async fn update_job(
        &self,
        scope: Scope,
        id: JobId,
        expected_version: i32,
        what: JobEdit,
        actor: &Actor,
    ) -> Result<job::Model, Fault> {
        let actor = actor.clone();
        self.write(move |tx| {
            let (what, actor) = (what.clone(), actor.clone());
            Box::pin(async move {
                let row = lock_job(tx, scope, id).await?;
                expect_version("job", Some(expected_version), row.version)?;
                let after = update(tx, &row, &what, actor.name()).await?;
                tx.note(&actor, changed(Action::UpdateJob, &row, &after));
                Ok(after)
            })
        })
        .await
    }

    /// A job in the scope.
    ///
    /// # Errors
    /// Database faults.
    pub async fn job(&self, scope: Scope, id: JobId) -> Result<Option<job::Model>, Fault> {
        Ok(job::Entity::find_by_id(id.0).filter(scope.jobs()).one(self.db()).await?)
    }

    /// Jobs in the scope that pass a filter, in an order, keyset-paged.
    ///
    /// # Errors
    /// Database faults; [`Fault::Invalid`] for a cursor of another order.
    pub async fn jobs(
        &self,
        scope: Scope,
        filter: Condition,
        order: (JobOrder, bool),
        ask: &Ask,
    ) -> Result<Rows<job::Model>, Fault> {
        use job::Column;
        let find = job::Entity::find().filter(scope.jobs()).filter(filter);
        let total = find.clone().count(self.db()).await?;
        match order {
            (JobOrder::Priority, descending) => {
                let page: Page<(i32, Uuid)> = ask.understand()?;
                let cursor = find.cursor_by((Column::Priority, Column::Id));
                self.page_of_jobs(cursor, page, descending, total).await
            }
            (JobOrder::SubmittedAt, descending) => {
                let page: Page<(DateTimeUtc, Uuid)> = ask.understand()?;
                let cursor = find.cursor_by((Column::SubmittedAt, Column::Id));
                self.page_of_jobs(cursor, page, descending, total).await
            }
            (JobOrder::UpdatedAt, descending) => {
                let page: Page<(DateTimeUtc, Uuid)> = ask.understand()?;
                let cursor = find.cursor_by((Column::UpdatedAt, Column::Id));
                self.page_of_jobs(cursor, page, descending, total).await
            }
        }
    }

    async fn page_of_jobs<K: Clone + IntoValueTuple>(
        &self,
        mut cursor: Cursor<SelectModel<job::Model>>,
        page: Page<K>,
        descending: bool,
        total: u64,
    ) -> Result<Rows<job::Model>, Fault> {
        if let Some(key) = &page.after {
            cursor.after(key.clone());
        }
        if let Some(key) = &page.before {
            cursor.before(key.clone());
        }
        if descending {
            cursor.desc();
        }
        if page.backwards {
            cursor.last(page.limit + 1)
        } else {
            cursor.first(page.limit + 1)
        };
        Ok(page.cut(cursor.all(self.db()).await?, total))
    }

    /// Jobs in the scope, by id.
    ///
    /// # Errors
    /// Database faults.
    pub async fn jobs_by_id(&self, scope: Scope, ids: &[JobId]) -> Result<HashMap<JobId, job::Model>, Fault> {
        let rows = job::Entity::find()
            .filter(job::Column::Id.is_in(ids.iter().map(|id| id.0)))
            .filter(scope.jobs())
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| (JobId(row.id), row)).collect())
    }

    /// What each of these jobs depends on.
    ///
    /// # Errors
    /// Database faults.
    pub async fn dependencies_of(&self, ids: &[JobId]) -> Result<HashMap<JobId, Vec<JobId>>, Fault> {
        let rows = job_dependency::Entity::find()
            .filter(job_dependency::Column::JobId.is_in(ids.iter().map(|id| id.0)))
            .all(self.db())
            .await?;
        let mut found: HashMap<JobId, Vec<JobId>> = HashMap::new();
        for row in rows {
            found.entry(JobId(row.job_id)).or_default().push(JobId(row.depends_on));
        }
        Ok(found)
    }
}

/// Stops a job towards an outcome: at once where nothing runs, else through STOPPING.
pub(crate) async fn stop(
    tx: &Tx<'_>,
    row: &job::Model,
    outcome: JobStatus,
    reason: String,
    actor: &str,
) -> Result<job::Model, Fault> {
    match status_of(row) {
        JobStatus::Cancelled | JobStatus::Stopping if outcome == JobStatus::Cancelled => {
            if row.status == "STOPPING" && row.stop_outcome.as_deref() != Some(outcome.as_str()) {
                let changes = vec![
                    (job::Column::StopOutcome, Expr::value(outcome.as_str())),
                    (job::Column::StatusReason, Expr::value(Some(reason.clone()))),
                ];
                return change(tx, row, JobStatus::Stopping, changes, actor, Some(reason)).await;
            }
            Ok(row.clone())
        }
        JobStatus::Queued | JobStatus::Held => finish(tx, row, outcome, None, Some(reason), actor).await,
        JobStatus::Allocated | JobStatus::Running if row.command.is_none() => {
            let stopping = begin_stop(tx, row, outcome, &reason, actor).await?;
            finish(tx, &stopping, outcome, None, Some(reason), actor).await
        }
        JobStatus::Allocated | JobStatus::Running => begin_stop(tx, row, outcome, &reason, actor).await,
        ended => Err(Fault::Conflict {
            message: format!("the job has ended: it is {ended}"),
            current_version: Some(row.version),
        }),
    }
}

async fn begin_stop(
    tx: &Tx<'_>,
    row: &job::Model,
    outcome: JobStatus,
    reason: &str,
    actor: &str,
) -> Result<job::Model, Fault> {
    let changes = vec![
        (job::Column::StopOutcome, Expr::value(outcome.as_str())),
        (job::Column::StatusReason, Expr::value(Some(reason.to_owned()))),
    ];
    change(tx, row, JobStatus::Stopping, changes, actor, Some(reason.to_owned())).await
}

async fn update(tx: &Tx<'_>, row: &job::Model, what: &JobEdit, actor: &str) -> Result<job::Model, Fault> {
    if !status_of(row).is_waiting() {
        return Err(Fault::Conflict {
            message: format!("the job is {}: only a waiting job can be edited", row.status),
            current_version: Some(row.version),
        });
    }
    let mut changes: Changes = Vec::new();
    if let Some(priority) = what.priority {
        changes.push((job::Column::Priority, Expr::value(priority)));
    }
    if let Some(limit) = what.time_limit_seconds {
        changes.push((job::Column::TimeLimitSeconds, Expr::value(Some(limit))));
    }
    if what.hold == Some(false) {
        // Whoever lets it go does not want it to rest either.
        changes.push((job::Column::RetryAt, Expr::value(None::<DateTimeUtc>)));
    }
    let held = what.hold.unwrap_or(row.held);
    changes.push((job::Column::Held, Expr::value(held)));
    let waits = held || !unfinished_dependencies(tx, row.id).await?.is_empty();
    let to = if waits { JobStatus::Held } else { JobStatus::Queued };
    change(tx, row, to, changes, actor, Some(format!("edited by {actor}"))).await
}

/// What an edit, or the end of a job by a person, has changed.
fn changed(action: Action, before: &job::Model, after: &job::Model) -> Line {
    Line::new(action, Some(before.organization_id), JobId(before.id))
        .field("status", Some(&before.status), Some(&after.status))
        .field("statusReason", before.status_reason.as_ref(), after.status_reason.as_ref())
        .field("priority", Some(before.priority), Some(after.priority))
        .field("timeLimitSeconds", before.time_limit_seconds, after.time_limit_seconds)
        .field("hold", Some(before.held), Some(after.held))
}

/// What a submission has made, in one line; none for one that was made before. Of many jobs the first and the last are
/// named: their ids were made in order.
fn submitted(organization: OrganizationId, bulk: bool, made: &[job::Model]) -> Option<Line> {
    let (first, last) = (made.first()?, made.last()?);
    let action = if bulk { Action::SubmitJobs } else { Action::SubmitJob };
    let line = Line::new(action, Some(organization.0), JobId(first.id)).made("name", Some(&first.name));
    Some(match made.len() {
        1 => line.made("count", None::<String>),
        many => line.made("count", Some(many)).made("last", Some(JobId(last.id))),
    })
}

/// What had been submitted. Its idempotency key stays with the first job.
async fn spec_of(tx: &Tx<'_>, row: &job::Model) -> Result<JobSpec, Fault> {
    let depends_on = job_dependency::Entity::find()
        .filter(job_dependency::Column::JobId.eq(row.id))
        .order_by_asc(job_dependency::Column::DependsOn)
        .all(tx.db)
        .await?;
    Ok(JobSpec {
        name: row.name.clone(),
        model_type: row.model_type.clone(),
        requirements: row.requirements.0.clone(),
        command: row.command.clone().map(|command| command.0),
        env: row.env.0.clone(),
        workdir: row.workdir.clone(),
        image: row.image.clone(),
        priority: row.priority,
        max_retries: row.max_retries,
        retry_pause_seconds: row.retry_pause_seconds,
        time_limit_seconds: row.time_limit_seconds,
        depends_on: depends_on.into_iter().map(|link| JobId(link.depends_on)).collect(),
        hold: false,
        labels: row.labels.0.clone(),
        idempotency_key: None,
    })
}

/// How jobs were submitted.
struct Submission<'a> {
    /// As a list: a refused field is named with its place.
    bulk: bool,
    /// The job that they stand for.
    retry_of: Option<Uuid>,
    actor: &'a str,
}

/// The jobs of the submissions, in order, and those of them that are new.
async fn submit(
    tx: &Tx<'_>,
    organization: OrganizationId,
    specs: &[(Uuid, JobSpec)],
    how: &Submission<'_>,
) -> Result<(Vec<job::Model>, Vec<job::Model>), Fault> {
    let known = known_submissions(tx, organization, specs).await?;
    let mut used = HashMap::new();
    let mut fresh = Vec::new();
    for (position, (id, spec)) in specs.iter().enumerate() {
        if spec.idempotency_key.as_ref().is_some_and(|key| known.contains_key(key)) {
            continue;
        }
        if let Some(key) = &spec.idempotency_key
            && used.insert(key.clone(), *id).is_some()
        {
            return Err(Fault::invalid(field(position, how.bulk, "idempotencyKey"), "the key occurs twice"));
        }
        fresh.push((position, *id, spec));
    }
    let dependencies = statuses_of_dependencies(tx, organization, &fresh).await?;
    admit(tx, organization, fresh.len()).await?;
    let mut made = insert(tx, organization, &fresh, &dependencies, how).await?;
    let new = fresh.iter().filter_map(|(_, id, _)| made.get(id).cloned()).collect();
    let known_ids: Vec<Uuid> = known.values().copied().collect();
    if !known_ids.is_empty() {
        let rows = job::Entity::find().filter(job::Column::Id.is_in(known_ids)).all(tx.db).await?;
        made.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let jobs = specs
        .iter()
        .map(|(id, spec)| {
            let id = spec.idempotency_key.as_ref().and_then(|key| known.get(key)).unwrap_or(id);
            made.get(id).cloned().ok_or_else(|| Fault::Internal("a submitted job is missing".into()))
        })
        .collect::<Result<_, _>>()?;
    Ok((jobs, new))
}

/// Jobs submitted before under these keys.
async fn known_submissions(
    tx: &Tx<'_>,
    organization: OrganizationId,
    specs: &[(Uuid, JobSpec)],
) -> Result<HashMap<String, Uuid>, Fault> {
    let keyed: HashMap<&str, &JobSpec> =
        specs.iter().filter_map(|(_, spec)| Some((spec.idempotency_key.as_deref()?, spec))).collect();
    if keyed.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = idempotency_key::Entity::find()
        .filter(idempotency_key::Column::OrganizationId.eq(organization.0))
        .filter(idempotency_key::Column::IdempotencyKey.is_in(keyed.keys().copied()))
        .all(tx.db)
        .await?;
    let mut known = HashMap::new();
    for row in rows {
        if keyed.get(row.idempotency_key.as_str()).is_some_and(|spec| fingerprint(spec) != row.request_hash) {
            return Err(Fault::conflict(format!(
                "the idempotency key {:?} was used for another submission",
                row.idempotency_key
            )));
        }
        known.insert(row.idempotency_key, row.job_id);
    }
    Ok(known)
}

fn fingerprint(spec: &JobSpec) -> String {
    let text = serde_json::to_vec(spec).unwrap_or_default();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses what would exceed the organization's ceiling of queued jobs; its row is the lock that concurrent submissions
/// meet at, taken only where there is a ceiling.
async fn admit(tx: &Tx<'_>, organization: OrganizationId, more: usize) -> Result<(), Fault> {
    if more == 0 {
        return Ok(());
    }
    let row = organization::Entity::find_by_id(organization.0)
        .one(tx.db)
        .await?
        .ok_or(Fault::NotFound("organization"))?;
    if row.max_queued_jobs.is_none() {
        return Ok(());
    }
    let row = organization::Entity::find_by_id(organization.0)
        .lock_exclusive()
        .one(tx.db)
        .await?
        .ok_or(Fault::NotFound("organization"))?;
    let Some(ceiling) = row.max_queued_jobs else { return Ok(()) };
    let queued = job::Entity::find()
        .filter(job::Column::OrganizationId.eq(organization.0))
        .filter(job::Column::Status.is_in(["QUEUED", "HELD"]))
        .count(tx.db)
        .await?;
    if queued + more as u64 > ceiling.unsigned_abs().into() {
        return Err(Fault::Quota(format!(
            "{} may have {ceiling} jobs waiting and has {queued}; {more} more were submitted",
            row.slug
        )));
    }
    Ok(())
}

async fn insert(
    tx: &Tx<'_>,
    organization: OrganizationId,
    fresh: &[(usize, Uuid, &JobSpec)],
    dependencies: &HashMap<Uuid, JobStatus>,
    how: &Submission<'_>,
) -> Result<HashMap<Uuid, job::Model>, Fault> {
    let mut rows = Vec::with_capacity(fresh.len());
    let mut links = Vec::new();
    for (position, id, spec) in fresh {
        let waits = link((*position, *id, spec), how.bulk, dependencies, &mut links)?;
        rows.push(new_row(tx, organization, *id, spec, waits, how));
    }
    for chunk in rows.chunks(INSERT_ROWS) {
        job::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.db).await?;
    }
    for chunk in links.chunks(INSERT_ROWS) {
        job_dependency::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.db).await?;
    }
    let keys: Vec<idempotency_key::ActiveModel> = fresh
        .iter()
        .filter_map(|(_, id, spec)| {
            Some(idempotency_key::ActiveModel {
                organization_id: Set(organization.0),
                idempotency_key: Set(spec.idempotency_key.clone()?),
                request_hash: Set(fingerprint(spec)),
                job_id: Set(*id),
                created_at: Set(tx.now),
            })
        })
        .collect();
    for chunk in keys.chunks(INSERT_ROWS) {
        idempotency_key::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx.db).await?;
    }
    let mut made = HashMap::with_capacity(rows.len());
    for row in rows {
        let model = row.try_into_model()?;
        tx.tell_job(&model, ChangeKind::Created, how.actor, None);
        made.insert(model.id, model);
    }
    Ok(made)
}

/// The statuses of all jobs that a submission depends on; they cannot end before it is there.
async fn statuses_of_dependencies(
    tx: &Tx<'_>,
    organization: OrganizationId,
    fresh: &[(usize, Uuid, &JobSpec)],
) -> Result<HashMap<Uuid, JobStatus>, Fault> {
    // Everyone locks jobs in the order of their ids.
    let on: BTreeSet<Uuid> =
        fresh.iter().flat_map(|(_, _, spec)| spec.depends_on.iter().map(|id| id.0)).collect();
    let on: Vec<Uuid> = on.into_iter().collect();
    let mut known = HashMap::with_capacity(on.len());
    for some in on.chunks(INSERT_ROWS) {
        let rows = job::Entity::find()
            .filter(job::Column::Id.is_in(some.iter().copied()))
            .filter(Scope::Organization(organization).jobs())
            .order_by_asc(job::Column::Id)
            .lock_shared()
            .all(tx.db)
            .await?;
        known.extend(rows.iter().map(|row| (row.id, status_of(row))));
    }
    Ok(known)
}

/// Checks and notes a job's dependencies; true when it has to wait for one.
fn link(
    (position, id, spec): (usize, Uuid, &JobSpec),
    bulk: bool,
    known: &HashMap<Uuid, JobStatus>,
    links: &mut Vec<job_dependency::ActiveModel>,
) -> Result<bool, Fault> {
    let mut waits = false;
    for (place, on) in spec.depends_on.iter().enumerate() {
        let refuse =
            |message: String| Fault::invalid(field(position, bulk, &format!("dependsOn[{place}]")), message);
        match known.get(&on.0) {
            None => return Err(refuse("no such job".to_owned())),
            Some(JobStatus::Succeeded) => {}
            Some(ended) if ended.is_terminal() => {
                return Err(refuse(format!("that job has ended {ended}, not SUCCEEDED")));
            }
            Some(_) => waits = true,
        }
        links.push(job_dependency::ActiveModel { job_id: Set(id), depends_on: Set(on.0) });
    }
    Ok(waits)
}

/// A field of one job of a submission, as the client's input names it.
fn field(position: usize, bulk: bool, name: &str) -> String {
    if bulk { format!("jobs[{position}].{name}") } else { name.to_owned() }
}

fn new_row(
    tx: &Tx<'_>,
    organization: OrganizationId,
    id: Uuid,
    spec: &JobSpec,
    waits: bool,
    how: &Submission<'_>,
) -> job::ActiveModel {
    let status = if spec.hold || waits { JobStatus::Held } else { JobStatus::Queued };
    job::ActiveModel {
        id: Set(id),
        organization_id: Set(organization.0),
        name: Set(spec.name.clone()),
        model_type: Set(spec.model_type.clone()),
        status: Set(status.as_str().to_owned()),
        status_reason: Set(None),
        stop_outcome: Set(None),
        preempted_for: Set(None),
        preempted_at: Set(None),
        preempted: Set(0),
        idle: Set(None),
        held: Set(spec.hold),
        excused: Set(0),
        idle_stops: Set(0),
        priority: Set(spec.priority),
        requirements: Set(Requirements(spec.requirements.clone())),
        command: Set(spec.command.clone().map(Command)),
        env: Set(Env(spec.env.clone())),
        workdir: Set(spec.workdir.clone()),
        image: Set(spec.image.clone()),
        labels: Set(Labels(spec.labels.clone())),
        attempt: Set(1),
        max_retries: Set(spec.max_retries),
        retry_pause_seconds: Set(spec.retry_pause_seconds),
        time_limit_seconds: Set(spec.time_limit_seconds),
        log_state: Set(LogState::Kept.as_str().to_owned()),
        exit_code: Set(None),
        submitted_by: Set(how.actor.to_owned()),
        retry_of: Set(how.retry_of),
        retry_at: Set(None),
        submitted_at: Set(tx.now),
        allocated_at: Set(None),
        started_at: Set(None),
        finished_at: Set(None),
        updated_at: Set(tx.now),
        version: Set(1),
    }
}
