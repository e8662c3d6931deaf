//! Changes of all jobs that pass a filter.

use serde_json::{Value, json};
use system_tests::answer::{column, rows, text};
use system_tests::{Client, Engine, Fleet, both};

both! {
    all_that_pass_a_filter_are_cancelled_and_no_other,
    what_failed_is_submitted_anew_once,
    a_change_of_everything_is_refused,
}

const CHANGED: &str = "jobs { id name status retryOf { id } } refused firstRefusal hasMore";

async fn held(client: &Client, name: &str, count: usize) -> Vec<String> {
    let job = |number| json!({"name": format!("{name}-{number}"), "hold": true, "command": ["true"]});
    client.submit_all((0..count).map(job).collect()).await
}

async fn all_that_pass_a_filter_are_cancelled_and_no_other(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let (ours, theirs) = (fleet.tenant("ours").await, fleet.tenant("theirs").await);
    let wanted = held(&ours, "sweep", 25).await;
    let (kept, foreign) = (held(&ours, "keep", 3).await, held(&theirs, "sweep", 2).await);
    let input = json!({"filter": {"nameContains": "SWEEP"}, "reason": "no longer needed", "first": 10});
    let mut cancelled = Vec::new();
    for (count, more) in [(10, true), (10, true), (5, false), (0, false)] {
        let changed = ours.change("cancelJobs", input.clone(), CHANGED).await.unwrap();
        assert_eq!((rows(&changed["jobs"]).len(), &changed["hasMore"]), (count, &json!(more)), "{changed}");
        assert!(column(&changed["jobs"], "status").iter().all(|status| status == "CANCELLED"), "{changed}");
        cancelled.extend(column(&changed["jobs"], "id"));
    }
    assert_eq!(cancelled, wanted, "the oldest first, each once");
    for (client, id) in [(&ours, &kept[0]), (&ours, &kept[2]), (&theirs, &foreign[0])] {
        assert_eq!(client.job(id, "status").await["status"], "HELD");
    }
    let reason = ours.job(&wanted[0], "statusReason").await;
    assert_eq!(reason["statusReason"], "no longer needed");
    let by = text(&ours.job(&kept[0], "submittedBy").await["submittedBy"]);
    let found = "query Of($filter: JobFilter) { jobs(filter: $filter) { totalCount } }";
    let mine = ours.graphql(found, json!({"filter": {"submittedBy": by}})).await;
    assert_eq!(mine["jobs"]["totalCount"], 28);
    let nobody = ours.graphql(found, json!({"filter": {"submittedBy": "nobody"}})).await;
    assert_eq!(nobody["jobs"]["totalCount"], 0);
}

async fn what_failed_is_submitted_anew_once(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:4xH100-80GB").await;
    let client = fleet.operator().await;
    let (bad, good) =
        (client.submit_line("nightly", "sleep 1; exit 3").await, client.submit_line("nightly", "true").await);
    // What depends on the failed one cannot be submitted anew, and holds up nothing that comes after it.
    let after = json!({"name": "nightly", "command": ["true"], "dependsOn": [bad]});
    let dependent = client.submit(after).await;
    client.reaches(&bad, "FAILED").await;
    client.reaches(&dependent, "FAILED").await;
    client.reaches(&good, "SUCCEEDED").await;
    let retry = async || -> Value {
        client.change("retryJobs", json!({"filter": {"nameContains": "nightly"}}), CHANGED).await.unwrap()
    };
    let changed = retry().await;
    let again = rows(&changed["jobs"]);
    assert_eq!((again.len(), &again[0]["retryOf"]["id"]), (1, &json!(bad)), "{changed}");
    assert_eq!(changed["refused"], 1, "{changed}");
    assert!(text(&changed["firstRefusal"]).contains("has ended FAILED"), "{changed}");
    client.reaches(&text(&again[0]["id"]), "FAILED").await;
    // The second failure is another job, which was not submitted anew yet; the first one was.
    let changed = retry().await;
    assert_eq!(rows(&changed["jobs"])[0]["retryOf"]["id"], again[0]["id"], "{changed}");
    assert_eq!(rows(&changed["jobs"]).len(), 1, "{changed}");
}

async fn a_change_of_everything_is_refused(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let client = fleet.operator().await;
    for (name, filter) in [
        ("cancelJobs", json!({})),
        ("cancelJobs", json!({"nameContains": "", "labels": []})),
        ("retryJobs", json!({})),
    ] {
        let refused = client.change(name, json!({"filter": filter}), CHANGED).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("BAD_USER_INPUT", Some("filter")));
    }
    let some = json!({"status": ["FAILED"]});
    for first in [0, -1, 1001] {
        let input = json!({"filter": some, "first": first});
        let refused = client.change("retryJobs", input, CHANGED).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("BAD_USER_INPUT", Some("first")));
    }
}
