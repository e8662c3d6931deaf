//! The one queue of reports: in order, together where several wait, each until the server has answered it.

use cynic::MutationBuilder;
use tokio::sync::mpsc;

use super::link::Link;
use super::operations::{ReportJobs, ReportJobsInput, ReportJobsVariables};
use super::wire;
use crate::jobs::{Report, Submission};

/// Reports in one request.
const MOST_AT_ONCE: usize = 200;

/// Works until nobody can report any more.
pub(crate) async fn report_jobs(link: &Link, mut submissions: mpsc::Receiver<Submission>) {
    let mut batch = Vec::new();
    // Nothing is held back to fill a request: what gathers while one is under way makes the next one.
    while submissions.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
        let reports: Vec<_> = batch.iter().map(|submission| submission.report.clone()).collect();
        let verdicts = send(link, &reports).await;
        for (submission, accepted) in batch.drain(..).zip(verdicts) {
            let _ = submission.verdict.send(accepted);
        }
    }
}

/// Whether the server took each. A request that it can never take is sent again in single reports, so that one bad report
/// does not stand for its neighbours.
async fn send(link: &Link, reports: &[Report]) -> Vec<bool> {
    if let Ok(verdicts) = send_together(link, reports).await {
        return verdicts;
    }
    let mut verdicts = Vec::new();
    for report in reports {
        verdicts.push(send_alone(link, report).await);
    }
    verdicts
}

async fn send_alone(link: &Link, report: &Report) -> bool {
    let mut sent = send_together(link, std::slice::from_ref(report)).await;
    if sent.is_err()
        && let Some(plain) = report.for_older_servers()
    {
        sent = send_together(link, &[plain]).await;
    }
    match sent {
        Ok(verdicts) => verdicts.first().copied().unwrap_or(true),
        Err(error) => {
            // Killing the job would not make the server understand it either.
            tracing::error!(%error, attempt = %report.id, "the server cannot take this report; it is passed over");
            true
        }
    }
}

async fn send_together(link: &Link, reports: &[Report]) -> Result<Vec<bool>, super::api::CallError> {
    let build = |epoch| {
        // Made anew for each try: how long ago something happened grows while the server is away.
        let input = ReportJobsInput { epoch, reports: reports.iter().map(wire::report).collect() };
        ReportJobs::build(ReportJobsVariables { input })
    };
    let results = link.call(build).await?.report_jobs.results;
    for (report, result) in reports.iter().zip(&results) {
        if !result.accepted {
            let reason = result.reason.as_deref().unwrap_or("without a reason");
            tracing::warn!(attempt = %report.id, reason, "report refused");
        }
    }
    Ok(results.into_iter().map(|result| result.accepted).collect())
}
