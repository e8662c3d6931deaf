//! What becomes of a job that ends well while its GPUs are being claimed back: whether it was done before anybody asked is for its
//! agents to say, whatever the times are that servers have written.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say where"
)]

use std::collections::HashMap;

use chrono::{TimeDelta, Utc};
use domain::ids::{GpuId, HostId, JobId, OrganizationId};
use domain::limits::JobSpec;
use domain::plan::Preemption;
use domain::requirements::GpuRequirements;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, Set};

use super::agents::{Admission, Blame, Report, Told};
use super::placing::ChosenGpu;
use super::{Actor, Scope, Store};
use crate::fixture;

/// What an agent says of whether the command had been asked to end.
const BEFORE: Option<bool> = Some(false);
const ASKED: Option<bool> = Some(true);
const SILENT: Option<bool> = None;

/// Two hosts with a GPU each.
struct Fleet {
    store: Store,
    organization: OrganizationId,
    hosts: Vec<(HostId, GpuId)>,
}

impl Fleet {
    async fn new(store: Store) -> Self {
        let organization = fixture::organization(&store, "lab").await.id;
        let mut hosts = Vec::new();
        for place in 0..2 {
            let name = format!("node-{place}");
            let declared = fixture::declaration(&name, vec![fixture::device(place, "NVIDIA H100")]);
            let admission = Admission::Join { jti: name.clone(), key_hash: name, actor: Actor::server() };
            let host = HostId(store.register_host(declared, admission, 60).await.unwrap().id);
            let cards = store.gpus_of_hosts(Scope::Fleet, &[host]).await.unwrap();
            hosts.push((host, GpuId(cards[&host][0].id)));
        }
        Self { store, organization, hosts }
    }

    async fn submit(&self) -> JobId {
        let requirements = GpuRequirements { count: 2, single_host: false, ..GpuRequirements::default() };
        let command = Some(vec!["train".into()]);
        let spec = JobSpec { name: "job".into(), command, requirements, ..JobSpec::default() };
        let made = self.store.submit_jobs(self.organization, vec![spec], false, &Actor::server()).await;
        JobId(made.unwrap()[0].id)
    }

    async fn tell(&self, job: JobId, place: usize, told: Told, exit_code: Option<i32>, asked: Option<bool>) {
        let report = Report {
            job,
            attempt: 1,
            told,
            exit_code,
            reason: None,
            timed_out: false,
            blame: Blame::Command,
            asked,
            ago: None,
            unclean: HashMap::new(),
        };
        let results = self.store.report_jobs(self.hosts[place].0, 1, vec![report]).await.unwrap();
        assert!(results[0].accepted, "{results:?}");
    }

    /// A job that runs on both hosts is claimed back by a server whose clock is so many hours ahead.
    async fn claimed_back(&self, hours_ahead: i64) -> JobId {
        let job = self.submit().await;
        let chosen = self.hosts.iter().map(|(_, gpu)| ChosenGpu { id: *gpu, expected_version: None });
        self.store.allocate(Scope::Fleet, job, chosen.collect(), None, &Actor::server()).await.unwrap();
        for place in 0..2 {
            self.tell(job, place, Told::Started, None, None).await;
        }
        let (claimed_by, row) =
            (self.submit().await, self.store.job(Scope::Fleet, job).await.unwrap().unwrap());
        let preemption = Preemption { job, job_version: row.version, claimed_by };
        assert!(self.store.preempt(preemption).await.unwrap());
        let mut row = self.store.job(Scope::Fleet, job).await.unwrap().unwrap().into_active_model();
        row.preempted_at = Set(Some(Utc::now() + TimeDelta::hours(hours_ahead)));
        self.store
            .write(move |tx| {
                let row = row.clone();
                Box::pin(async move { Ok(row.update(tx.db).await?) })
            })
            .await
            .unwrap();
        job
    }

    /// Its status and its attempt, once both parts have ended.
    async fn outcome(
        &self,
        hours_ahead: i64,
        exit_codes: [i32; 2],
        asked: [Option<bool>; 2],
    ) -> (String, i32) {
        let job = self.claimed_back(hours_ahead).await;
        for place in 0..2 {
            self.tell(job, place, Told::Exited, Some(exit_codes[place]), asked[place]).await;
        }
        let row = self.store.job(Scope::Fleet, job).await.unwrap().unwrap();
        (row.status, row.attempt)
    }
}

fn succeeded() -> (String, i32) {
    ("SUCCEEDED".to_owned(), 1)
}

fn waits_again() -> (String, i32) {
    ("QUEUED".to_owned(), 2)
}

async fn what_its_agents_say_decides_whatever_clocks_show(store: Store) {
    let fleet = Fleet::new(store).await;
    for hours in [-5, 5] {
        assert_eq!(fleet.outcome(hours, [0, 0], [BEFORE, BEFORE]).await, succeeded(), "{hours} h");
        for asked in [[ASKED, ASKED], [ASKED, BEFORE], [BEFORE, ASKED], [SILENT, ASKED]] {
            assert_eq!(fleet.outcome(hours, [0, 0], asked).await, waits_again(), "{hours} h, {asked:?}");
        }
        let one_failed = fleet.outcome(hours, [0, 3], [BEFORE, BEFORE]).await;
        assert_eq!(one_failed, waits_again(), "{hours} h: it is not done, and its stop uses up no retry");
    }
}

async fn of_agents_that_do_not_say_it_times_are_compared(store: Store) {
    let fleet = Fleet::new(store).await;
    for asked in [[SILENT, SILENT], [SILENT, BEFORE], [BEFORE, SILENT]] {
        assert_eq!(fleet.outcome(5, [0, 0], asked).await, succeeded(), "{asked:?}");
        assert_eq!(fleet.outcome(-5, [0, 0], asked).await, waits_again(), "{asked:?}");
    }
}

fixture::both! {
    what_its_agents_say_decides_whatever_clocks_show: agents_decide_on_sqlite, agents_decide_on_postgres;
    of_agents_that_do_not_say_it_times_are_compared: times_are_compared_on_sqlite, times_are_compared_on_postgres;
}
