//! From what a person types to an object: whole ids, unique parts of recent jobs' ids, names of hosts, places of GPUs.

use cynic::QueryBuilder;

use super::pages::{all_gpus, all_hosts, newest_first, next};
use super::{Client, Failure};
use crate::api::{GpuRow, HostRow, IdVariables, JobIdPage, JobPageVariables, JobRow, JobRowById};

/// How many of the newest jobs a part of an id is looked for in.
const RECENT: usize = 1000;

/// How long an id's own part is, after the prefix.
const ID_DIGITS: usize = 26;

/// The end of an id, which is random and therefore tells jobs of the same minute apart.
pub(crate) fn short_id(id: &str) -> &str {
    id.len().checked_sub(8).and_then(|start| id.get(start..)).unwrap_or(id)
}

/// The job that this text means: a whole id as it is, else the only recent job whose id begins or ends so.
pub(crate) async fn job_id(client: &Client, text: &str) -> Result<cynic::Id, Failure> {
    if is_whole(text) {
        return Ok(cynic::Id::new(text));
    }
    let recent = recent_ids(client).await?;
    pick(text, &recent).map(cynic::Id::new)
}

/// The job that this text means, as it is now.
pub(crate) async fn job_by_id(client: &Client, text: &str) -> Result<JobRow, Failure> {
    let id = job_id(client, text).await?;
    let answer = client.run(JobRowById::build(IdVariables { id })).await?;
    answer.job.ok_or_else(|| no_job(text))
}

/// What is said when there is no such job.
pub(crate) fn no_job(text: &str) -> Failure {
    Failure::NotFound(format!("there is no job {text}; gpu-fleet jobs --all lists them"))
}

fn is_whole(text: &str) -> bool {
    text.strip_prefix("job_").is_some_and(|digits| digits.len() == ID_DIGITS)
}

fn pick<'a>(text: &str, ids: &'a [String]) -> Result<&'a str, Failure> {
    let wanted = text.to_lowercase();
    let fits = |id: &&String| {
        let digits = id.strip_prefix("job_").unwrap_or(id);
        !wanted.is_empty()
            && (id.starts_with(&wanted) || digits.starts_with(&wanted) || id.ends_with(&wanted))
    };
    let mut matching = ids.iter().filter(fits);
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only),
        (Some(first), Some(second)) => Err(Failure::Usage(format!(
            "{text} is not unique: {first}, {second} and perhaps more; write more of it"
        ))),
        _ => Err(no_job(text)),
    }
}

async fn recent_ids(client: &Client) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    let mut after = None;
    while ids.len() < RECENT {
        let variables = JobPageVariables { filter: None, order: Some(newest_first()), first: 100, after };
        let page = client.run(JobIdPage::build(variables)).await?.jobs;
        ids.extend(page.nodes.into_iter().map(|job| job.id.into_inner()));
        match next(page.page_info) {
            Some(cursor) => after = Some(cursor),
            None => break,
        }
    }
    Ok(ids)
}

/// The host of this name or id.
pub(crate) async fn find_host(client: &Client, text: &str) -> Result<HostRow, Failure> {
    let hosts = all_hosts(client).await?;
    hosts
        .into_iter()
        .find(|host| host.name == text || host.id.inner() == text)
        .ok_or_else(|| Failure::NotFound(format!("there is no host {text}; gpu-fleet hosts lists them")))
}

/// The GPUs that these texts mean, each an id, a UUID or HOST/INDEX.
pub(crate) async fn find_gpus(client: &Client, texts: &[String]) -> Result<Vec<GpuRow>, Failure> {
    let gpus = all_gpus(client).await?;
    texts
        .iter()
        .map(|text| {
            let found = gpus.iter().find(|gpu| is_meant(gpu, text));
            found.cloned().ok_or_else(|| {
                Failure::NotFound(format!("there is no GPU {text}; gpu-fleet gpus lists them as HOST/INDEX"))
            })
        })
        .collect()
}

fn is_meant(gpu: &GpuRow, text: &str) -> bool {
    gpu.id.inner() == text || gpu.uuid == text || format!("{}/{}", gpu.host.name, gpu.index) == text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use super::*;

    fn ids() -> Vec<String> {
        vec!["job_01aaaaaaaaaaaaaaaaaaaabbb1".into(), "job_01aaaaaaaaaaaaaaaaaaaaccc2".into()]
    }

    #[test]
    fn a_unique_beginning_or_end_is_enough() {
        let ids = ids();
        assert_eq!(pick("bbb1", &ids).unwrap(), ids[0]);
        assert_eq!(pick("CCC2", &ids).unwrap(), ids[1]);
        assert_eq!(pick("job_01aaaaaaaaaaaaaaaaaaaab", &ids).unwrap(), ids[0]);
        assert_eq!(pick("01aaaaaaaaaaaaaaaaaaaac", &ids).unwrap(), ids[1]);
    }

    #[test]
    fn what_fits_two_or_none_is_told_apart() {
        let ids = ids();
        assert!(matches!(pick("01aa", &ids), Err(Failure::Usage(_))));
        assert!(matches!(pick("zzz", &ids), Err(Failure::NotFound(_))));
        assert!(matches!(pick("", &ids), Err(Failure::NotFound(_))));
    }

    #[test]
    fn a_whole_id_needs_no_look_up_and_has_a_short_form() {
        assert!(is_whole("job_01jd3v5m0qf8k9x2c7t4r6w1ya"));
        assert!(!is_whole("4r6w1ya"));
        assert_eq!(short_id("job_01jd3v5m0qf8k9x2c7t4r6w1ya"), "7t4r6w1ya".get(1..).unwrap());
        assert_eq!(short_id("abc"), "abc");
    }
}
