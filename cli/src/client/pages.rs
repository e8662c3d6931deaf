//! Whole lists, read page by page.

use cynic::QueryBuilder;

use super::{Client, Failure};
use crate::api::{
    GpuPage, GpuRow, HostPage, HostRow, JobFilter, JobOrder, JobOrderField, JobPage, JobPageVariables,
    JobRow, OrderDirection, OrganizationPage, OrganizationRow, PageInfo, PageVariables,
};

/// Rows a page; small enough for every server's limit on a query's cost.
pub(super) const PAGE: usize = 50;

/// Newest first.
pub(super) fn newest_first() -> JobOrder {
    JobOrder { field: JobOrderField::SubmittedAt, direction: OrderDirection::Desc }
}

/// The newest jobs that the filter lets through, at most `limit`.
pub(crate) async fn newest_jobs(
    client: &Client,
    filter: JobFilter,
    limit: usize,
) -> Result<Vec<JobRow>, Failure> {
    newest(limit, |first, after| {
        let (client, filter, order) = (client.clone(), Some(filter.clone()), Some(newest_first()));
        async move {
            let variables = JobPageVariables { filter, order, first, after };
            let page = client.run(JobPage::build(variables)).await?.jobs;
            Ok((page.nodes, page.page_info))
        }
    })
    .await
}

/// The first rows of a list, at most `limit`, asked for page by page: so many, behind this cursor.
pub(crate) async fn newest<Row, Page>(
    limit: usize,
    ask: impl Fn(i32, Option<String>) -> Page,
) -> Result<Vec<Row>, Failure>
where
    Page: Future<Output = Result<(Vec<Row>, PageInfo), Failure>>,
{
    let mut rows = Vec::new();
    let mut after = None;
    while rows.len() < limit {
        let first = i32::try_from(PAGE.min(limit - rows.len())).unwrap_or(i32::MAX);
        let (page, info) = ask(first, after).await?;
        rows.extend(page);
        after = next(info);
        if after.is_none() {
            break;
        }
    }
    Ok(rows)
}

/// The cursor to go on from, if there is more.
pub(crate) fn next(info: PageInfo) -> Option<String> {
    if info.has_next_page { info.end_cursor } else { None }
}

fn page_after(after: Option<String>) -> PageVariables {
    PageVariables { first: i32::try_from(PAGE).unwrap_or(i32::MAX), after }
}

macro_rules! whole_list {
    ($(#[$doc:meta])* $name:ident -> $row:ident, $page:ident.$field:ident) => {
        $(#[$doc])*
        pub(crate) async fn $name(client: &Client) -> Result<Vec<$row>, Failure> {
            let mut rows = Vec::new();
            let mut after = None;
            loop {
                let page = client.run($page::build(page_after(after))).await?.$field;
                rows.extend(page.nodes);
                after = next(page.page_info);
                if after.is_none() {
                    return Ok(rows);
                }
            }
        }
    };
}

whole_list!(
    /// Every GPU that the caller sees.
    all_gpus -> GpuRow, GpuPage.gpus
);
whole_list!(
    /// Every host that the caller sees.
    all_hosts -> HostRow, HostPage.hosts
);
whole_list!(
    /// Every organization.
    all_organizations -> OrganizationRow, OrganizationPage.organizations
);
