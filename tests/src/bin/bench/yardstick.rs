//! The same schema over the same database, served by async-graphql-axum as its documentation shows it: no validation of our
//! own, no limits, no authentication. What our transport costs is the difference.

use std::sync::Arc;

use api::auth::{OrganizationRef, Principal, Proof};
use api::graphql::caller::Caller;
use api::graphql::loaders::Loaders;
use api::graphql::pending::Pending;
use api::graphql::schema::{FleetSchema, builder};
use api::http::{Call, RequestId};
use api::scheduler::Explanations;
use api::store::Store;
use api::store::open::{Location, open};
use async_graphql_axum::{GraphQLRequest, GraphQLResponse};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use domain::role::Role;
use system_tests::Fleet;

#[derive(Clone)]
struct Service {
    schema: FleetSchema,
    store: Store,
    who: Principal,
}

/// Serves a fleet's database to a member of this organization; the answer is where.
pub(crate) async fn serve(fleet: &Fleet, slug: &str) -> String {
    let address = fleet.place.database.address(&fleet.place.data_dir());
    let url = Some(address.as_str()).filter(|address| address.starts_with("postgres"));
    let location = Location::new(url, &fleet.place.data_dir()).expect("a database");
    let store = open(&location).await.expect("the database");
    let row = store.organization_by_slug(slug).await.expect("an answer").expect("the organization");
    let who = Principal {
        subject: "bench".into(),
        role: Role::Member,
        organization: Some(OrganizationRef { id: row.id.into(), slug: row.slug }),
        host: None,
        join_token: None,
        expires_at: None,
        proof: Proof::Token,
    };
    let explanations: Arc<dyn Pending> = Arc::new(Explanations::new(store.clone()));
    let schema = builder().data(store.clone()).data(explanations).finish();
    let router = Router::new().route("/graphql", post(answer)).with_state(Service { schema, store, who });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

async fn answer(State(service): State<Service>, request: GraphQLRequest) -> GraphQLResponse {
    let caller = Caller::new(Call { who: service.who, id: RequestId::new(), address: None });
    let loaders = Loaders::new(service.store, caller.scope());
    service.schema.execute(request.into_inner().data(caller).data(loaders)).await.into()
}
