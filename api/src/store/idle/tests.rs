//! Idle jobs from the first minute to the last, in the time of the test.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use domain::idle::{Action, EXEMPT, MOST_STOPS, Policy};
use domain::ids::{GpuId, HostId, JobId};
use domain::limits::JobSpec;
use domain::requirements::{GpuRequirements, Label};
use entity::{allocation, host, job};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};

use crate::auth::OrganizationRef;
use crate::fixture;
use crate::store::agents::{Blame, Report, Told};
use crate::store::organizations::OrganizationEdit;
use crate::store::placing::ChosenGpu;
use crate::store::{Actor, Scope, Store};
use crate::telemetry::Minute;

const CARDS: usize = 4;
/// When every job has started, in minutes since 1970.
const BEGIN: i64 = 29_000_000;
const POLICY: Policy =
    Policy { action: Action::Stop, window_minutes: 3, grace_minutes: 2, utilization_percent: 5 };

struct World {
    store: Store,
    ours: OrganizationRef,
    host: HostId,
    cards: Vec<GpuId>,
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp((BEGIN + minute) * 60, 0).expect("an instant")
}

async fn world(store: Store, policy: Policy) -> World {
    let ours = fixture::organization(&store, "ours").await;
    let what = OrganizationEdit { idle: Some(policy), ..OrganizationEdit::default() };
    store.update_organization(ours.id, 1, what, &Actor::server()).await.expect("a policy");
    let cards = (0..CARDS).map(|index| fixture::device(index, "NVIDIA H100")).collect();
    let host = fixture::host(&store, fixture::declaration("node-1", cards)).await;
    let cards = store.gpus_of_hosts(Scope::Fleet, &[host]).await.expect("GPUs").remove(&host);
    let cards = cards.expect("its GPUs").into_iter().map(|card| GpuId(card.id)).collect();
    World { store, ours, host, cards }
}

impl World {
    async fn job(&self, id: JobId) -> job::Model {
        self.store.job(Scope::Fleet, id).await.expect("a read").expect("a job")
    }

    /// A job that has run on some of the cards since the beginning; without a command, a loan.
    async fn running(&self, cards: &[usize], command: Option<&str>, labels: Vec<Label>) -> JobId {
        let count = i32::try_from(cards.len()).expect("a few");
        let requirements = GpuRequirements { count, milli: 1000, ..GpuRequirements::default() };
        let command = command.map(|word| vec![word.to_owned()]);
        let spec = JobSpec { name: "job".into(), command, requirements, labels, ..JobSpec::default() };
        let made = self.store.submit_jobs(self.ours.id, vec![spec], false, &Actor::server()).await;
        let id = JobId(made.expect("a job")[0].id);
        self.runs_again(id, cards).await;
        id
    }

    /// A waiting job is given these cards, and has run on them since the beginning.
    async fn runs_again(&self, id: JobId, cards: &[usize]) {
        let chosen = cards.iter().map(|card| ChosenGpu { id: self.cards[*card], expected_version: None });
        let given = self.store.allocate(Scope::Fleet, id, chosen.collect(), None, &Actor::server()).await;
        let (row, _) = given.expect("GPUs");
        if row.command.is_some() {
            self.report(id, Told::Started, None).await;
        }
        let mut row = self.job(id).await.into_active_model();
        row.started_at = Set(Some(at(0)));
        self.store
            .write(move |tx| {
                let row = row.clone();
                Box::pin(async move { Ok(row.update(tx.db).await?) })
            })
            .await
            .expect("an update");
    }

    async fn report(&self, job: JobId, told: Told, exit_code: Option<i32>) {
        let epoch = host::Entity::find_by_id(self.host.0).one(self.store.db()).await.expect("a read");
        let attempt = self.job(job).await.attempt;
        let report = Report {
            job,
            attempt,
            told,
            exit_code,
            reason: None,
            timed_out: false,
            blame: Blame::Command,
            asked: None,
            ago: None,
            unclean: std::collections::HashMap::new(),
        };
        let told = self.store.report_jobs(self.host, epoch.expect("the host").epoch, vec![report]).await;
        assert!(told.expect("an answer")[0].accepted);
    }

    /// A minute in which a card was used so much.
    async fn told(&self, card: usize, minute: i64, percent: f64) {
        let told = Minute {
            samples: 12,
            utilization_percent: Some(percent),
            peak_percent: Some(percent),
            power_watts: Some(71.0),
            ..Minute::default()
        };
        self.store.add_minutes(vec![(self.cards[card], BEGIN + minute, told)]).await.expect("a minute");
    }

    /// Lets time pass to the end of this minute, and has everybody judged.
    async fn judge(&self, minute: i64) {
        let now = at(minute + 1) + TimeDelta::seconds(30);
        let mut after = None;
        while let Some(last) = self.store.judge_idle((after, false), 6, now).await.expect("a judgement") {
            after = Some(last);
        }
    }

    /// The messages of a job's history, from its start on.
    async fn said(&self, job: JobId) -> Vec<String> {
        let history = self.store.job_history(job, 0, 100).await.expect("a history");
        history.iter().filter_map(|event| event.payload["message"].as_str().map(str::to_owned)).collect()
    }
}

async fn an_idle_job_is_warned_and_stopped_and_waits_again(store: Store) {
    let world = world(store, POLICY).await;
    let job = world.running(&[0, 1], Some("train"), Vec::new()).await;
    for minute in 0..6 {
        world.told(0, minute, 0.0).await;
        world.told(1, minute, 1.0).await;
        world.judge(minute).await;
        let row = world.job(job).await;
        // The first minute is for loading, and three make a window.
        assert_eq!(
            (row.idle.is_some(), row.status.as_str()),
            match minute {
                0..=2 => (false, "RUNNING"),
                3 | 4 => (true, "RUNNING"),
                _ => (false, "STOPPING"),
            }
        );
        assert_eq!(
            world.store.census().await.expect("a census").idle_jobs,
            u64::from((3..5).contains(&minute))
        );
    }
    let said = world.said(job).await;
    let [warning, stopped] = &said[..] else { panic!("{said:?}") };
    let (since, acts) = (super::clock(at(1)), super::clock(at(6)));
    let unused = format!("its GPUs were not used since {since}: at most 1 % utilization and 71 W in 3 min");
    assert_eq!(
        *warning,
        format!("{unused}: it will be stopped and wait again at {acts} unless they are used before")
    );
    assert_eq!(*stopped, format!("stopped: {unused}"));
    // Whoever stops is not judged.
    world.told(0, 6, 0.0).await;
    world.told(1, 6, 0.0).await;
    world.judge(6).await;
    world.report(job, Told::Exited, Some(143)).await;
    let row = world.job(job).await;
    assert_eq!((row.status.as_str(), row.attempt, row.preempted, row.excused), ("QUEUED", 2, 1, 0));
    assert_eq!(row.status_reason, Some(format!("stopped: {unused}")));
    assert_eq!((row.idle, row.retry_at), (None, None));
    let held = allocation::Entity::find().filter(allocation::Column::ReleasedAt.is_null());
    assert_eq!(held.all(world.store.db()).await.expect("rows"), []);
}

async fn a_job_that_stays_idle_is_stopped_for_the_last_time_at_some_time(store: Store) {
    let world = world(store, POLICY).await;
    let job = world.running(&[0], Some("train"), Vec::new()).await;
    for stop in 1..=MOST_STOPS {
        if stop > 1 {
            world.runs_again(job, &[0]).await;
        }
        for minute in 0..6 {
            world.told(0, minute, 0.0).await;
            world.judge(minute).await;
        }
        assert_eq!(world.job(job).await.status, "STOPPING");
        world.report(job, Told::Exited, Some(143)).await;
        let row = world.job(job).await;
        let last = stop == MOST_STOPS;
        assert_eq!((row.status.as_str(), row.idle_stops), (if last { "CANCELLED" } else { "QUEUED" }, stop));
        assert_eq!(row.preempted, if last { stop - 1 } else { stop });
    }
    let reason = world.job(job).await.status_reason.expect("a reason");
    assert!(reason.starts_with("stopped, for the last of 3 times: its GPUs were not used since"), "{reason}");
    let said = world.said(job).await;
    let warned = |words: &str| said.iter().filter(|text| text.contains(words)).count();
    assert_eq!(
        (warned("it will be stopped and wait again"), warned("stopped and not wait again")),
        (2, 1),
        "{said:?}"
    );
}

async fn use_in_the_grace_takes_the_warning_back(store: Store) {
    let world = world(store, POLICY).await;
    let job = world.running(&[0], Some("train"), Vec::new()).await;
    for minute in 0..9 {
        world.told(0, minute, if minute == 4 { 90.0 } else { 0.0 }).await;
        world.judge(minute).await;
    }
    let said = world.said(job).await;
    assert_eq!(said.len(), 3, "warned, withdrawn, warned: {said:?}");
    assert_eq!(
        said[1],
        format!("the warning is withdrawn: its GPUs were used again at {}", super::clock(at(4)))
    );
    let row = world.job(job).await;
    assert_eq!((row.status.as_str(), row.idle.map(|idle| idle.0.since)), ("RUNNING", Some(at(5))));
    // Nobody wants to know any more.
    let off = Policy { action: Action::Nothing, ..POLICY };
    let what = OrganizationEdit { idle: Some(off), ..OrganizationEdit::default() };
    world.store.update_organization(world.ours.id, 2, what, &Actor::server()).await.expect("a policy");
    world.judge(9).await;
    assert_eq!(world.job(job).await.idle, None);
}

async fn a_loan_is_released_and_the_exempt_and_the_unseen_are_left_alone(store: Store) {
    let world = world(store, POLICY).await;
    let loan = world.running(&[0], None, Vec::new()).await;
    let label = Label { key: EXEMPT.0.into(), value: EXEMPT.1.into() };
    let exempt = world.running(&[1], Some("serve"), vec![label]).await;
    let unseen = world.running(&[2], Some("train"), Vec::new()).await;
    let half_seen = world.running(&[3], Some("train"), Vec::new()).await;
    for minute in 0..12 {
        for card in [0, 1] {
            world.told(card, minute, 0.0).await;
        }
        if minute % 3 != 0 {
            world.told(3, minute, 0.0).await;
        }
        world.judge(minute).await;
    }
    let row = world.job(loan).await;
    assert_eq!((row.status.as_str(), row.idle), ("SUCCEEDED", None));
    assert!(row.status_reason.is_some_and(|reason| reason.starts_with("released: its GPUs were not used")));
    for job in [exempt, unseen, half_seen] {
        assert_eq!((world.job(job).await.status.as_str(), world.said(job).await), ("RUNNING", Vec::new()));
    }
}

async fn who_is_only_told_runs_on(store: Store) {
    let world = world(store, Policy { action: Action::Notify, ..POLICY }).await;
    let job = world.running(&[0], Some("train"), Vec::new()).await;
    for minute in 0..20 {
        world.told(0, minute, 0.0).await;
        world.judge(minute).await;
    }
    let (row, said) = (world.job(job).await, world.said(job).await);
    assert_eq!(row.status, "RUNNING");
    assert_eq!(said.len(), 2, "once, and once more after its grace: {said:?}");
    assert!(said[0].contains("it will be told of again") && said[1].contains("nor in the grace"), "{said:?}");
}

fixture::both! {
    an_idle_job_is_warned_and_stopped_and_waits_again: idle_is_stopped_on_sqlite, idle_is_stopped_on_postgres;
    a_job_that_stays_idle_is_stopped_for_the_last_time_at_some_time: idle_is_ended_on_sqlite, idle_is_ended_on_postgres;
    use_in_the_grace_takes_the_warning_back: use_withdraws_on_sqlite, use_withdraws_on_postgres;
    a_loan_is_released_and_the_exempt_and_the_unseen_are_left_alone: a_loan_is_released_on_sqlite, a_loan_is_released_on_postgres;
    who_is_only_told_runs_on: idle_is_told_on_sqlite, idle_is_told_on_postgres;
}
