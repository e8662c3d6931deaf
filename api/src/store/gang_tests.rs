//! What becomes of a job on several hosts when one of its parts fails.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on should say where")]

use std::collections::HashMap;

use domain::ids::{GpuId, HostId, JobId};
use domain::limits::JobSpec;
use domain::requirements::GpuRequirements;
use entity::job;

use super::agents::{Admission, Blame, Report, Told};
use super::placing::ChosenGpu;
use super::{Actor, Scope, Store};
use crate::fixture;

/// A job that has been given one GPU on each of two hosts.
struct Gang {
    _folder: tempfile::TempDir,
    store: Store,
    hosts: Vec<HostId>,
    job: JobId,
}

impl Gang {
    async fn new(max_retries: i32) -> Self {
        let (folder, store) = fixture::sqlite().await;
        let organization = fixture::organization(&store, "lab").await.id;
        let (mut hosts, mut chosen) = (Vec::new(), Vec::new());
        for place in 0..2 {
            let name = format!("node-{place}");
            let declared = fixture::declaration(&name, vec![fixture::device(place, "NVIDIA H100")]);
            let admission = Admission::Join { jti: name.clone(), key_hash: name, actor: Actor::server() };
            let host = HostId(store.register_host(declared, admission, 60).await.unwrap().id);
            let cards = store.gpus_of_hosts(Scope::Fleet, &[host]).await.unwrap();
            chosen.push(ChosenGpu { id: GpuId(cards[&host][0].id), expected_version: None });
            hosts.push(host);
        }
        let requirements = GpuRequirements { count: 2, single_host: false, ..GpuRequirements::default() };
        let command = Some(vec!["true".into()]);
        let spec = JobSpec { name: "gang".into(), command, requirements, max_retries, ..JobSpec::default() };
        let job = store.submit_jobs(organization, vec![spec], false, &Actor::server()).await.unwrap();
        let job = JobId(job[0].id);
        store.allocate(Scope::Fleet, job, chosen, None, &Actor::server()).await.unwrap();
        Self { _folder: folder, store, hosts, job }
    }

    async fn tell(&self, place: usize, told: Told, exit_code: Option<i32>, blame: Blame) -> job::Model {
        let report = Report {
            job: self.job,
            attempt: 1,
            told,
            exit_code,
            reason: None,
            timed_out: false,
            blame,
            asked: None,
            ago: None,
            unclean: HashMap::new(),
        };
        let results = self.store.report_jobs(self.hosts[place], 1, vec![report]).await.unwrap();
        assert!(results[0].accepted, "{results:?}");
        self.store.job(Scope::Fleet, self.job).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_job_with_retries_runs_again_when_one_of_its_parts_has_failed() {
    let gang = Gang::new(1).await;
    for place in 0..2 {
        gang.tell(place, Told::Started, None, Blame::Command).await;
    }
    assert_eq!(gang.tell(1, Told::Exited, Some(2), Blame::Command).await.status, "STOPPING");
    let row = gang.tell(0, Told::Exited, Some(143), Blame::Command).await;
    assert_eq!((row.status.as_str(), row.attempt, row.stop_outcome.as_deref()), ("QUEUED", 2, None));
    assert_eq!(
        row.status_reason.as_deref(),
        Some("try 1 of 2 failed: its part on node-1 ended: exit code 2")
    );
}

#[tokio::test]
async fn a_job_that_was_cancelled_meanwhile_does_not_run_again() {
    let gang = Gang::new(1).await;
    gang.tell(1, Told::Exited, Some(2), Blame::Command).await;
    gang.store.cancel_job(Scope::Fleet, gang.job, None, None, &Actor::server()).await.unwrap();
    assert_eq!(gang.tell(0, Told::Exited, Some(143), Blame::Command).await.status, "CANCELLED");
}

#[tokio::test]
async fn a_job_without_retries_does_not_run_again_because_one_of_its_parts_never_ran() {
    let gang = Gang::new(0).await;
    gang.tell(0, Told::Exited, Some(0), Blame::Command).await;
    assert_eq!(gang.tell(1, Told::Exited, None, Blame::NeverStarted).await.status, "FAILED");
}

#[tokio::test]
async fn a_job_whose_image_is_none_has_failed_whatever_retries_are_left() {
    let gang = Gang::new(3).await;
    gang.tell(0, Told::Started, None, Blame::Command).await;
    assert_eq!(gang.tell(1, Told::Exited, None, Blame::ImageRefused).await.status, "STOPPING");
    let row = gang.tell(0, Told::Exited, Some(143), Blame::Command).await;
    assert_eq!((row.status.as_str(), row.attempt), ("FAILED", 1));
}

#[tokio::test]
async fn a_job_whose_parts_all_never_ran_is_tried_again() {
    let gang = Gang::new(0).await;
    assert_eq!(gang.tell(0, Told::Exited, None, Blame::NeverStarted).await.status, "STOPPING");
    assert_eq!(gang.tell(1, Told::Exited, None, Blame::NeverStarted).await.status, "QUEUED");
}
