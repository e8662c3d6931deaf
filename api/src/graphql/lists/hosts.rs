//! Hosts: which, a page at a time.

use async_graphql::{Context, InputObject};
use entity::{allocation, host};
use sea_orm::sea_query::{ExprTrait as _, Query};
use sea_orm::{ColumnTrait, Condition};

use super::text::has_label;
use super::{check_labels, connection, once};
use crate::graphql::caller::store;
use crate::graphql::enums::HostStatus;
use crate::graphql::failure::Answer;
use crate::graphql::host::Host;
use crate::graphql::label::LabelInput;
use crate::store::page::{Ask, cursor};
use crate::store::{Scope, Store};

connection!(HostConnection, HostEdge, Host, host::Model, "hosts");

/// Which hosts.
#[derive(InputObject, Clone, Default)]
pub struct HostFilter {
    /// In one of these statuses.
    pub status: Option<Vec<HostStatus>>,
    /// With all of these labels.
    pub labels: Option<Vec<LabelInput>>,
}

impl HostFilter {
    fn condition(&self, store: &Store) -> Condition {
        let mut all = Condition::all();
        if let Some(wanted) = &self.status {
            let any =
                once(wanted).into_iter().fold(Condition::any(), |any, status| any.add(host_that(status)));
            all = all.add(if wanted.is_empty() {
                Condition::all().add(host::Column::Id.is_null())
            } else {
                any
            });
        }
        for label in self.labels.iter().flatten() {
            all = all.add(has_label(store, (host::Entity, host::Column::Labels), label));
        }
        all
    }
}

/// Hosts that take nothing new: by a person's wish, or because they cannot start jobs.
pub(super) fn held_back() -> Condition {
    Condition::any().add(host::Column::Drain.eq(true)).add(host::Column::UnfitReason.is_not_null())
}

fn host_that(status: HostStatus) -> Condition {
    let live = Query::select()
        .column(allocation::Column::HostId)
        .from(allocation::Entity)
        .and_where(allocation::Column::ReleasedAt.is_null())
        .to_owned();
    let busy = host::Column::Id.in_subquery(live);
    let up = Condition::all().add(host::Column::Down.eq(false));
    match status {
        HostStatus::Down => Condition::all().add(host::Column::Down.eq(true)),
        HostStatus::Ready => up.add(held_back().not()),
        HostStatus::Draining => up.add(held_back()).add(busy),
        HostStatus::Drained => up.add(held_back()).add(busy.not()),
    }
}

/// A page of the hosts in a scope.
pub(in crate::graphql) async fn hosts_page(
    ctx: &Context<'_>,
    scope: Scope,
    filter: Option<HostFilter>,
    ask: Ask,
) -> Answer<HostConnection> {
    let store = store(ctx);
    let filter = filter.unwrap_or_default();
    check_labels(filter.labels.as_ref())?;
    let filter = filter.condition(store);
    let page = store.hosts(scope, filter, &ask.understand()?).await?;
    Ok(HostConnection::of(page, |row| cursor(&(row.name.clone(), row.id))))
}
