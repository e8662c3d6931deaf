//! What the schema itself says about who may do and see what. Every operation is made from introspection, so that a new
//! field is covered by being there.

use domain::ids::{AllocationId, ApiKeyId, GpuId, HostId, JobId, OrganizationId};
use serde_json::{Value, json};
use system_tests::answer::{column, text};
use system_tests::generated::{Operation, Schema};
use system_tests::{Client, Engine, Fleet, Place, both};
use uuid::Uuid;

both! {
    another_organizations_ids_are_no_better_than_made_up_ones,
    what_is_not_asked_by_id_tells_nothing_of_another_organization,
    every_field_refuses_those_below_its_role,
}

const CANARY: &str = "canary-of-ours";

/// Two organizations: `ours`, with one of everything, and `rival`.
struct World {
    fleet: Fleet,
    operator: Client,
    /// An admin of ours.
    ours: Client,
    /// An admin of theirs.
    rival: Client,
    /// Of everything that is ours alone.
    ids: Vec<String>,
}

async fn world(engine: Engine) -> World {
    // A generated operation asks for all there is.
    let words = [
        "--gpus",
        "simulated:2xH100-80GB",
        "--max-depth",
        "60",
        "--max-fields",
        "200000",
        "--rate",
        "0",
        "--max-aliases",
        "200000",
        "--max-cost",
        "2000000000",
        "--max-document-bytes",
        "8000000",
    ];
    let fleet = Fleet::start_in(Place::create(engine).await, &words, &[]).await;
    let operator = fleet.operator().await;
    let mut organizations = Vec::new();
    for slug in ["ours", "rival"] {
        let input = json!({"slug": slug, "name": if slug == "ours" { CANARY } else { slug }});
        let made = operator.change("createOrganization", input, "organization { id }").await.unwrap();
        organizations.push(text(&made["organization"]["id"]));
    }
    let admin = async |slug: &str| fleet.client(&["--role", "admin", "--org", slug]).await;
    let (ours, rival) = (admin("ours").await, admin("rival").await);
    let own = organizations.remove(0);
    // The one host becomes ours alone.
    let hosts = operator.graphql("{ hosts { nodes { id version } } }", json!({})).await;
    let host = &hosts["hosts"]["nodes"][0];
    let dedicate = json!({"id": host["id"], "expectedVersion": host["version"], "organizationId": own,
        "labels": [{"key": "owner", "value": CANARY}]});
    operator.change("updateHost", dedicate, "host { id }").await.unwrap();
    let spec = |command: Value, hold: bool| json!({"name": CANARY, "command": command, "hold": hold, "modelType": CANARY});
    let done = ours.submit(spec(json!(["echo", CANARY]), false)).await;
    ours.reaches(&done, "SUCCEEDED").await;
    let runs = ours.submit(spec(json!(["sleep", "600"]), false)).await;
    ours.reaches(&runs, "RUNNING").await;
    let held = ours.submit(spec(json!(["true"]), true)).await;
    let key = json!({"name": CANARY, "role": "VIEWER"});
    let key = ours.change("createApiKey", key, "apiKey { id }").await.unwrap();
    let allocations = ours.job(&runs, "allocations { id }").await;
    let mut ids = vec![own, text(&host["id"]), done, runs, held, text(&key["apiKey"]["id"])];
    ids.extend(column(&allocations["allocations"], "id"));
    ids.extend(operator.gpu_ids().await);
    World { fleet, operator, ours, rival, ids }
}

/// An id of the same kind that names nothing.
fn made_up(id: &str) -> String {
    let uuid = Uuid::now_v7();
    match id.split_once('_').expect("an id").0 {
        "org" => OrganizationId(uuid).to_string(),
        "host" => HostId(uuid).to_string(),
        "gpu" => GpuId(uuid).to_string(),
        "job" => JobId(uuid).to_string(),
        "alloc" => AllocationId(uuid).to_string(),
        "key" => ApiKeyId(uuid).to_string(),
        other => panic!("an id of an unknown kind: {other}"),
    }
}

/// The answer, with the id that was asked for, and what differs each time, taken out.
async fn answer(client: &Client, operation: &Operation, id: &str) -> String {
    let (status, answer) = client.post(&operation.document, operation.with(id)).await;
    let text = if id.is_empty() { answer.to_string() } else { answer.to_string().replace(id, "ID") };
    for error in answer["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        let executed =
            !["QUERY_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED", "INTERNAL_SERVER_ERROR"].contains(&code);
        assert!(executed, "{} {}: {text}", operation.field, operation.place);
    }
    format!("{status} {text}")
}

/// All that is ours, as the operator sees it.
async fn state(world: &World) -> Value {
    let query = "{ jobs { nodes { id status version } } hosts { nodes { id version } }
        gpus { nodes { id allocatedMilli } } organizations { nodes { id version apiKeys { id revokedAt } } } }";
    world.operator.graphql(query, json!({})).await
}

async fn another_organizations_ids_are_no_better_than_made_up_ones(engine: Engine) {
    let world = world(engine).await;
    let schema = Schema::read(&world.rival).await;
    let before = state(&world).await;
    let mut asked = 0;
    for root in ["Query", "Mutation"] {
        for operation in schema.operations(root).iter().filter(|operation| !operation.place.is_empty()) {
            for id in &world.ids {
                let theirs = answer(&world.rival, operation, id).await;
                let nothing = answer(&world.rival, operation, &made_up(id)).await;
                assert_eq!(theirs, nothing, "{} {} of {id}", operation.field, operation.place);
                asked += 1;
            }
        }
    }
    for operation in schema.operations("Subscription").iter().filter(|it| !it.place.is_empty()) {
        for id in &world.ids {
            // A filter by an id brings nothing, whatever happens; an object that is not there is refused.
            let first = world.rival.first_of(&operation.document, operation.with(id)).await;
            let nothing = world.rival.first_of(&operation.document, operation.with(&made_up(id))).await;
            assert_eq!(first, nothing, "{} {} of {id}", operation.field, operation.place);
            asked += 1;
        }
    }
    // Each of eleven places and more, with each id.
    assert!(asked > 11 * world.ids.len(), "{asked}");
    assert_eq!(state(&world).await, before, "nothing of ours was changed");
    // The same operations do find what is one's own: the generator asks what can be answered.
    let node =
        schema.operations("Query").into_iter().find(|it| it.field == "Query.node" && !it.place.is_empty());
    let node = node.expect("node takes an id");
    for id in &world.ids {
        let found = answer(&world.ours, &node, id).await;
        assert!(found.contains("\"__typename\""), "{id}: {found}");
    }
}

async fn what_is_not_asked_by_id_tells_nothing_of_another_organization(engine: Engine) {
    let world = world(engine).await;
    let schema = Schema::read(&world.rival).await;
    let secrets: Vec<&str> = world.ids.iter().map(String::as_str).chain([CANARY]).collect();
    let tells = |text: &str| secrets.iter().find(|secret| text.contains(**secret)).copied();
    for operation in schema.operations("Query").iter().filter(|operation| operation.place.is_empty()) {
        let theirs = answer(&world.rival, operation, "").await;
        assert_eq!(tells(&theirs), None, "{}: {theirs}", operation.field);
    }
    let ours =
        schema.operations("Query").into_iter().find(|it| it.field == "Query.jobs").expect("a list of jobs");
    let own = answer(&world.ours, &ours, "").await;
    assert!(tells(&own).is_some(), "one's own is there: {own}");
    // What is pushed: theirs comes, and nothing of ours before it.
    let updates = "subscription { jobUpdates { job { id name } } }";
    let mut jobs = world.rival.subscribe(updates, json!({})).await;
    world.ours.submit(json!({"name": CANARY, "hold": true})).await;
    let own = world.rival.submit(json!({"name": "theirs", "hold": true})).await;
    assert_eq!(jobs.next().await.unwrap()["jobUpdates"]["job"]["id"], json!(own));
    drop(world.fleet);
}

async fn every_field_refuses_those_below_its_role(engine: Engine) {
    let world = world(engine).await;
    let schema = Schema::read(&world.rival).await;
    let table = world.fleet.place.run(&["schema", "--access"]).await;
    let need = |field: &str| {
        let line = table.output().lines().find(|line| line.split_whitespace().next() == Some(field));
        let line = line.unwrap_or_else(|| panic!("{field} is not in the table"));
        line.split_whitespace().nth(1).expect("a role").trim_end_matches(',').to_owned()
    };
    let ranks = ["VIEWER", "MEMBER", "ADMIN", "OPERATOR"];
    let mut callers = Vec::new();
    for role in ["viewer", "member", "admin"] {
        callers.push((role.to_uppercase(), world.fleet.client(&["--role", role, "--org", "rival"]).await));
    }
    callers.push(("AGENT".to_owned(), world.fleet.client(&["--role", "agent"]).await));
    let nobody = world.rival.bearing("");
    for root in ["Query", "Mutation", "Subscription"] {
        for operation in schema.operations(root).iter().filter(|operation| operation.place.is_empty()) {
            let need = need(&operation.field);
            let rank = ranks.iter().position(|rank| *rank == need);
            for (role, client) in &callers {
                let mine = ranks.iter().position(|rank| rank == role);
                let allowed = match (rank, mine) {
                    (Some(needed), Some(mine)) => mine >= needed,
                    (None, _) if need == "anyone" => true,
                    (None, None) => need == "AGENT",
                    _ => false,
                };
                if !allowed {
                    let code = client.first_of(&operation.document, operation.with("nothing")).await;
                    assert_eq!(code, json!("FORBIDDEN"), "{} as {role}", operation.field);
                }
            }
            let (status, answer) = nobody.post(&operation.document, operation.with("nothing")).await;
            assert_eq!(
                (status, &answer["errors"][0]["extensions"]["code"]),
                (401, &json!("UNAUTHENTICATED"))
            );
        }
    }
}
