//! What is heard of hosts, organizations, cards and the audit trail; and logs, page by page and attempt by attempt.

use serde_json::json;
use system_tests::answer::{column, rows, text};
use system_tests::{Engine, Fleet, PlayedHost, both};

both! {
    a_drained_host_is_heard_of,
    an_edited_organization_is_heard_of_by_its_own_and_operators,
    samples_of_cards_are_heard_as_they_come,
    what_somebody_changes_is_heard_by_who_audits,
    a_log_is_read_page_by_page_and_attempt_by_attempt,
}

async fn a_drained_host_is_heard_of(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let operator = fleet.operator().await;
    let member = fleet.tenant("ours").await;
    let mut heard = member
        .subscribe("subscription { hostUpdates { cursor host { name status statusReason } } }", json!({}))
        .await;
    // What comes is known to be heard from the first update on: so the host joins as often as it must.
    let mut host = PlayedHost::join(&fleet, "node-1", 1).await;
    host.come_back().await;
    assert_eq!(heard.next().await.expect("an update")["hostUpdates"]["host"]["name"], "node-1");
    let row =
        operator.graphql("{ hosts { nodes { id version } } }", json!({})).await["hosts"]["nodes"][0].clone();
    let input =
        json!({"id": row["id"], "expectedVersion": row["version"], "drain": true, "reason": "new fans"});
    operator.change("updateHost", input, "host { id }").await.unwrap();
    loop {
        let update = heard.next().await.expect("an update")["hostUpdates"].take();
        if update["host"]["statusReason"].as_str().is_some_and(|reason| reason.contains("new fans")) {
            assert_eq!(update["host"]["status"], "DRAINED");
            return;
        }
    }
}

async fn an_edited_organization_is_heard_of_by_its_own_and_operators(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let operator = fleet.operator().await;
    let (ours, theirs) = (fleet.tenant("ours").await, fleet.tenant("theirs").await);
    let document = "subscription { organizationUpdates { cursor organization { slug quota { maxGpus } } } }";
    let mut heard = [ours.subscribe(document, json!({})).await, theirs.subscribe(document, json!({})).await];
    let mut by_operator = operator.subscribe(document, json!({})).await;
    for (slug, most) in [("theirs", 2.0), ("ours", 3.0)] {
        let found = "query Of($slug: String) { organization(slug: $slug) { id version } }";
        let row = operator.graphql(found, json!({"slug": slug})).await["organization"].clone();
        let quota = json!({"guaranteedGpus": 0, "maxGpus": most});
        let input = json!({"id": row["id"], "expectedVersion": row["version"], "quota": quota});
        operator.change("updateOrganization", input, "organization { id }").await.unwrap();
    }
    let mut next = async |of: usize| heard[of].next().await.expect("an update")["organizationUpdates"].take();
    let (of_ours, of_theirs) = (next(0).await, next(1).await);
    assert_eq!(of_ours["organization"], json!({"slug": "ours", "quota": {"maxGpus": 3.0}}));
    assert_eq!(of_theirs["organization"], json!({"slug": "theirs", "quota": {"maxGpus": 2.0}}));
    for slug in ["theirs", "ours"] {
        let update = by_operator.next().await.expect("an update")["organizationUpdates"].take();
        assert_eq!(update["organization"]["slug"], slug);
    }
}

async fn samples_of_cards_are_heard_as_they_come(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let operator = fleet.operator().await;
    let host = PlayedHost::join(&fleet, "node-1", 2).await;
    host.heartbeat("FREE", json!([])).await.unwrap();
    let ids = operator.gpu_ids().await;
    let document = "subscription Of($ids: [ID!]!) { telemetryUpdates(gpuIds: $ids) { gpus { id use telemetry { at } } } }";
    let mut heard = operator.subscribe(document, json!({"ids": ids})).await;
    let mut told = Vec::new();
    for gpu_use in ["FREE", "FOREIGN"] {
        host.heartbeat(gpu_use, json!([])).await.unwrap();
        loop {
            let update = heard.next().await.expect("an update")["telemetryUpdates"].take();
            let seen = rows(&update["gpus"]).iter().find(|gpu| gpu["use"] == gpu_use).cloned();
            if let Some(seen) = seen {
                told.push(text(&seen["telemetry"]["at"]));
                break;
            }
        }
    }
    assert!(told[0] < told[1], "{told:?}");
    let refused = operator.subscribe(document, json!({"ids": []})).await.refused().await;
    assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("BAD_USER_INPUT", Some("gpuIds")));
    let unknown = format!("{}0", &ids[0][..ids[0].len() - 1]);
    let unknown = if unknown == ids[0] { format!("{}1", &ids[0][..ids[0].len() - 1]) } else { unknown };
    let refused = operator.subscribe(document, json!({"ids": [unknown]})).await.refused().await;
    assert_eq!(refused.code, "NOT_FOUND");
}

async fn what_somebody_changes_is_heard_by_who_audits(engine: Engine) {
    let fleet = Fleet::start(engine, "none").await;
    let operator = fleet.operator().await;
    let before = operator.submit(json!({"name": "before", "hold": true})).await;
    let mut heard = operator.subscribe("subscription { auditUpdates { action subject } }", json!({})).await;
    // Whatever was done before the trail was followed may or may not be told; what comes after is, once.
    let member = fleet.tenant("ours").await;
    let mut after = Vec::new();
    for number in 0..3 {
        after.push(member.submit(json!({"name": format!("after-{number}"), "hold": true})).await);
    }
    let last = operator.change("cancelJob", json!({"id": before}), "job { id }").await.unwrap();
    let mut told = Vec::new();
    loop {
        let line = heard.next().await.expect("a line")["auditUpdates"].take();
        told.push((text(&line["action"]), text(&line["subject"])));
        if line["action"] == "CANCEL_JOB" {
            assert_eq!(line["subject"], last["job"]["id"]);
            break;
        }
    }
    let submitted: Vec<_> = told.iter().filter(|(action, _)| action == "SUBMIT_JOB").collect();
    let count = |id: &String| submitted.iter().filter(|(_, subject)| subject == id).count();
    assert!(after.iter().all(|id| count(id) <= 1), "{told:?}");
    assert!(count(after.last().unwrap()) == 1, "{told:?}");
}

async fn a_log_is_read_page_by_page_and_attempt_by_attempt(engine: Engine) {
    let fleet = Fleet::start(engine, "simulated:1xH100-80GB").await;
    let client = fleet.operator().await;
    let line =
        "for i in $(seq 1 25); do echo try $GPU_FLEET_ATTEMPT line $i; done; test $GPU_FLEET_ATTEMPT = 2";
    let input =
        json!({"name": "twice", "command": ["sh", "-c", line], "maxRetries": 1, "retryPauseSeconds": 0});
    let job = client.submit(input).await;
    client.reaches(&job, "SUCCEEDED").await;
    let page = "query Log($id: ID!, $after: String, $attempt: Int, $contains: String) { job(id: $id) {
        log(first: 10, after: $after, attempt: $attempt, contains: $contains) {
            nodes { text } edges { cursor } pageInfo { hasNextPage endCursor } } } }";
    let read = async |attempt: Option<i32>, contains: Option<&str>| {
        let (mut lines, mut after) = (Vec::new(), None::<String>);
        loop {
            let variables = json!({"id": job, "after": after, "attempt": attempt, "contains": contains});
            let log = client.graphql(page, variables).await["job"]["log"].take();
            lines.extend(column(&log["nodes"], "text"));
            if log["pageInfo"]["hasNextPage"] == false {
                return lines;
            }
            after = Some(text(&log["pageInfo"]["endCursor"]));
        }
    };
    let wanted = |attempt: i32| (1..=25).map(move |line| format!("try {attempt} line {line}"));
    assert_eq!(read(None, None).await, wanted(1).chain(wanted(2)).collect::<Vec<_>>());
    assert_eq!(read(Some(1), None).await, wanted(1).collect::<Vec<_>>());
    assert_eq!(read(Some(2), Some("LINE 7")).await, ["try 2 line 7"]);
    assert_eq!(read(Some(3), None).await, Vec::<String>::new());

    let follow = "subscription Log($id: ID!) { jobLogs(jobId: $id, attempt: 1) { text } }";
    let mut followed = client.subscribe(follow, json!({"id": job})).await;
    let mut lines = Vec::new();
    while let Some(mut line) = followed.next().await {
        lines.push(text(&line["jobLogs"]["text"].take()));
    }
    assert_eq!(lines, wanted(1).collect::<Vec<_>>());
}
