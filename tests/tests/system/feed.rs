//! What a subscriber hears: everything, once, in order, across breaks and across servers.

use std::collections::HashSet;

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, TransactionTrait};
use serde_json::json;
use system_tests::answer::text;
use system_tests::{Client, Database, Engine, Fleet, Place, both, within};

both! {
    a_subscriber_resumes_without_gap_or_double_beside_fifty_writers,
    a_cursor_that_was_never_given_is_refused,
}

const WRITERS: usize = 50;
const EACH: usize = 6;
const UPDATES: &str =
    "subscription Updates($after: String) { jobUpdates(after: $after) { cursor kind job { id status } } }";

fn held(name: String) -> serde_json::Value {
    json!({"name": name, "hold": true})
}

async fn a_subscriber_resumes_without_gap_or_double_beside_fifty_writers(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    let mut updates = client.subscribe(UPDATES, json!({})).await;
    let marker = client.submit(held("marker".to_owned())).await;
    let first = updates.next().await.expect("the marker")["jobUpdates"].take();
    assert_eq!(first["job"]["id"], json!(marker));
    let (written, (heard, cursors)) = tokio::join!(write_all(&client), async {
        let mut cursors = vec![text(&first["cursor"])];
        let mut heard = Vec::new();
        while heard.len() < WRITERS * EACH {
            let update = updates.next().await.expect("more updates")["jobUpdates"].take();
            assert_eq!(update["kind"], "CREATED");
            cursors.push(text(&update["cursor"]));
            heard.push(text(&update["job"]["id"]));
            if heard.len() % 37 == 0 {
                // Gone in the middle of it, and back.
                updates = client.subscribe(UPDATES, json!({"after": cursors.last()})).await;
            }
        }
        (heard, cursors)
    });
    assert!(cursors.windows(2).all(|pair| pair[0] < pair[1]), "cursors increase: {cursors:?}");
    assert_eq!(heard.len(), written.len());
    assert_eq!(heard.into_iter().collect::<HashSet<_>>(), written);
}

async fn write_all(client: &Client) -> HashSet<String> {
    let writer = async |number: usize| {
        let mut ids = Vec::new();
        for place in 0..EACH {
            ids.push(client.submit(held(format!("{number}.{place}"))).await);
        }
        ids
    };
    join_all((0..WRITERS).map(writer)).await.into_iter().flatten().collect()
}

async fn a_cursor_that_was_never_given_is_refused(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    for cursor in ["", "x", "-1", "99999999999999999999999999"] {
        let refused = client.subscribe(UPDATES, json!({"after": cursor})).await.refused().await;
        assert!(
            ["CURSOR_EXPIRED", "BAD_USER_INPUT"].contains(&refused.code.as_str()),
            "{cursor}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_database_their_tokens_and_their_events() {
    let first = Fleet::start(Engine::Postgres, "simulated:2xH100-80GB").await;
    let second = Fleet::serve(Place::on(first.place.database.clone())).await;
    // A token of the one is good at the other.
    let on_first = first.operator().await;
    let on_second = on_first.at(&second.origin());
    let mut updates = on_second.subscribe(UPDATES, json!({})).await;
    let marker = on_second.submit(held("marker".to_owned())).await;
    assert_eq!(updates.next().await.expect("the marker")["jobUpdates"]["job"]["id"], json!(marker));
    // What the one commits is heard through the other.
    let id = on_first.submit(json!({"name": "shared", "command": ["/bin/true"]})).await;
    let mut statuses = Vec::new();
    while statuses.last().is_none_or(|status| status != "SUCCEEDED") {
        let update = updates.next().await.expect("updates until its end")["jobUpdates"].take();
        assert_eq!(update["job"]["id"], json!(id));
        statuses.push(text(&update["job"]["status"]));
    }
    assert_eq!(statuses, ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"]);
}

/// Inserts a copy of the first event about a job; returns its number.
async fn tell_again(tx: &DatabaseTransaction) -> i64 {
    let copy = "INSERT INTO event (organization_id, kind, change, subject, payload, actor, at) \
        SELECT organization_id, kind, 'UPDATED', subject, payload, 'test', now() FROM event WHERE kind = 'JOB' \
        ORDER BY seq LIMIT 1 RETURNING seq";
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), copy)).await.unwrap();
    row.unwrap().try_get("", "seq").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_commits_late_is_heard_in_its_place() {
    within(a_late_commit()).await;
}

async fn a_late_commit() {
    let fleet = Fleet::serve(Place::create(Engine::Postgres).await).await;
    let client = fleet.operator().await;
    let mut updates = client.subscribe("subscription { jobUpdates { cursor } }", json!({})).await;
    client.submit(held("first".to_owned())).await;
    updates.next().await.expect("the first");
    let database = &fleet.place.database;
    let (early, late) =
        (database.connect(fleet.place.folder()).await, database.connect(fleet.place.folder()).await);
    // The one that draws the smaller number has the newest id of all, which no snapshot's bound tells of, and commits last.
    let (early, late) = (early.begin().await.unwrap(), late.begin().await.unwrap());
    early.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    late.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
    let small = tell_again(&late).await;
    let large = tell_again(&early).await;
    early.commit().await.unwrap();
    // Longer than the server goes without a look at the table: one that does not wait would go past what is missing.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    late.commit().await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let update = updates.next().await.expect("both")["jobUpdates"]["cursor"].take();
        heard.push(i64::from_str_radix(&text(&update)[1..], 16).unwrap());
    }
    assert_eq!(heard, [small, large]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_strangers_holds_nothing_up() {
    within(beside_a_stranger()).await;
}

async fn beside_a_stranger() {
    let fleet = Fleet::start(Engine::Postgres, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let elsewhere = Database::create(Engine::Postgres).await;
    let stranger = elsewhere.connect(fleet.place.folder()).await.begin().await.unwrap();
    stranger.execute_unprepared("CREATE TABLE theirs (x int)").await.unwrap();
    let id = client.submit(json!({"name": "ours", "command": ["/bin/true"]})).await;
    client.reaches(&id, "SUCCEEDED").await;
    stranger.rollback().await.unwrap();
}
