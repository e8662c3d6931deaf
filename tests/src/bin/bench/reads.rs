//! A list of a hundred jobs with all that hangs on them: through the server, through async-graphql-axum's own service, and through a plain axum handler that runs the
//! same queries over the same database and writes the same fields.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use entity::{allocation, gpu, host, job, organization};
use sea_orm::{
    ColumnTrait, ConnectOptions, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use system_tests::{Client, Fleet, PlayedHost};
use uuid::Uuid;

use crate::measure::repeat;

/// Jobs in the list.
const JOBS: usize = 100;
/// Clients that ask at once.
const CLIENTS: usize = 8;
/// Connections of the plain handler: as many as the server reads SQLite with.
const CONNECTIONS: u32 = 4;

const QUERY: &str = "{ jobs(first: 100) { totalCount pageInfo { hasNextPage endCursor } nodes { id name status priority
    submittedBy submittedAt allocatedAt version organization { slug } gpus { index gpuType memoryMib host { name } }
    allocations { milli attempt allocatedAt gpu { uuid host { name } } } } } }";

/// Answers per second.
pub(crate) struct Reads {
    pub(crate) server: f64,
    /// The same schema under async-graphql-axum alone.
    pub(crate) service: f64,
    pub(crate) plain: f64,
}

/// Makes the jobs, and measures both.
pub(crate) async fn measure(fleet: &Fleet, client: &Client, span: Duration) -> Reads {
    let _host = PlayedHost::join(fleet, "reads", JOBS).await;
    let spec = json!({"name": "read", "command": ["train"], "requirements": {"gpuTypes": ["NVIDIA H100 80GB HBM3"]}});
    for id in client.submit_all(vec![spec; JOBS]).await {
        client.reaches(&id, "ALLOCATED").await;
    }
    let answer = client.graphql(QUERY, json!({})).await;
    let bytes = answer.to_string().len();
    let server = asked(client.clone(), bytes, span).await;
    let service = client.at(&crate::yardstick::serve(fleet, "bench").await);
    let service = asked(service, bytes, span).await;
    let url =
        serve_plain(&fleet.place.database.address(&fleet.place.data_dir())).await.expect("a plain handler");
    let http = reqwest::Client::new();
    let plain = repeat(CLIENTS, span, move || {
        let (http, url) = (http.clone(), url.clone());
        async move {
            let body = http.get(url).send().await.expect("an answer").bytes().await.expect("a body");
            assert!(body.len() >= bytes / 2, "an answer that is whole");
        }
    })
    .await;
    Reads { server, service, plain }
}

/// How often a client is answered in a second.
async fn asked(client: Client, bytes: usize, span: Duration) -> f64 {
    repeat(CLIENTS, span, move || {
        let client = client.clone();
        async move {
            let body = client.raw(QUERY).await.bytes().await.expect("a body");
            assert!(body.len() >= bytes / 2, "an answer that is whole");
        }
    })
    .await
}

async fn serve_plain(address: &str) -> Result<String, DbErr> {
    let mut options = ConnectOptions::new(address);
    options.max_connections(CONNECTIONS).sqlx_logging(false).test_before_acquire(false);
    let db = Arc::new(sea_orm::Database::connect(options).await?);
    let router = Router::new().route("/jobs", get(plain)).with_state(db);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/jobs", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(url)
}

async fn plain(State(db): State<Arc<DatabaseConnection>>) -> Json<Value> {
    Json(list(&db).await.expect("rows"))
}

fn ids<M>(rows: &[M], id: impl Fn(&M) -> Uuid) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = rows.iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn list(db: &DatabaseConnection) -> Result<Value, DbErr> {
    let slug = organization::Column::Slug.eq("bench");
    let own = organization::Entity::find().filter(slug).one(db).await?.expect("the organization");
    let find = job::Entity::find().filter(job::Column::OrganizationId.eq(own.id));
    let total = find.clone().count(db).await?;
    let newest = find.order_by_desc(job::Column::SubmittedAt).order_by_desc(job::Column::Id);
    let jobs = newest.limit(JOBS as u64 + 1).all(db).await?;
    let of = allocation::Column::JobId.is_in(jobs.iter().map(|job| job.id));
    let allocations = allocation::Entity::find().filter(of).all(db).await?;
    let of = gpu::Column::Id.is_in(ids(&allocations, |one| one.gpu_id));
    let gpus: HashMap<Uuid, gpu::Model> =
        gpu::Entity::find().filter(of).all(db).await?.into_iter().map(|row| (row.id, row)).collect();
    let of = host::Column::Id.is_in(ids(&allocations, |one| one.host_id));
    let hosts: HashMap<Uuid, host::Model> =
        host::Entity::find().filter(of).all(db).await?.into_iter().map(|row| (row.id, row)).collect();
    let more = jobs.len() > JOBS;
    let nodes = jobs.iter().take(JOBS).map(|job| {
        let own_allocations = allocations.iter().filter(|one| one.job_id == job.id);
        let cards = own_allocations.clone().map(|one| {
            let card = &gpus[&one.gpu_id];
            json!({"index": card.device_index, "gpuType": card.gpu_type, "memoryMib": card.memory_mib,
                "host": {"name": hosts[&card.host_id].name}})
        });
        let given = own_allocations.map(|one| {
            let card = &gpus[&one.gpu_id];
            json!({"milli": one.milli, "attempt": one.attempt, "allocatedAt": one.allocated_at,
                "gpu": {"uuid": card.uuid, "host": {"name": hosts[&card.host_id].name}}})
        });
        json!({"id": job.id, "name": job.name, "status": job.status, "priority": job.priority,
            "submittedBy": job.submitted_by, "submittedAt": job.submitted_at, "allocatedAt": job.allocated_at,
            "version": job.version, "organization": {"slug": own.slug}, "gpus": cards.collect::<Vec<_>>(),
            "allocations": given.collect::<Vec<_>>()})
    });
    let page = json!({"hasNextPage": more, "endCursor": jobs.get(JOBS - 1).map(|job| job.id)});
    Ok(json!({"data": {"jobs": {"totalCount": total, "pageInfo": page, "nodes": nodes.collect::<Vec<_>>()}}}))
}
