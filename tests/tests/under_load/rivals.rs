//! Many at once: races for GPUs and for versions, a full queue, subscribers that come back, and what the record says of
//! it all afterwards.

use std::collections::{HashMap, HashSet};

use crate::fleet::{Engine, Fleet, code, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

crate::on_both!(
    forty_clients_race_for_four_gpus_and_four_win,
    of_twenty_edits_of_one_version_one_wins,
    two_hundred_jobs_on_eight_gpus_keep_every_invariant,
    a_subscriber_resumes_without_gap_or_double_beside_fifty_writers,
);

async fn forty_clients_race_for_four_gpus_and_four_win(engine: Engine) {
    let fleet = Fleet::start(engine, 4).await;
    let data = fleet.query("{ gpus { nodes { id version } } }", json!({})).await;
    let gpus = data["gpus"]["nodes"].as_array().unwrap();
    let loan = json!({ "name": "racer", "hold": true });
    let document =
        "mutation($jobs: [SubmitJobInput!]!) { submitJobs(input: { jobs: $jobs }) { jobs { id } } }";
    let jobs = fleet.query(document, json!({ "jobs": vec![loan; 40] })).await;
    let race = jobs["submitJobs"]["jobs"].as_array().unwrap().iter().enumerate().map(|(place, job)| {
        let gpu = &gpus[place % 4];
        let choice = json!({ "id": gpu["id"], "expectedVersion": gpu["version"] });
        let variables = json!({ "input": { "jobId": job["id"], "gpus": [choice] } });
        fleet.ask(
            "mutation($input: AllocateGpusInput!) { allocateGpus(input: $input) { job { status } } }",
            variables,
        )
    });
    let answers = join_all(race).await;
    let won = answers.iter().filter(|answer| answer.get("errors").is_none()).count();
    let lost = answers.iter().filter(|answer| code(answer) == Some("CONFLICT")).count();
    assert_eq!((won, lost), (4, 36), "{answers:?}");
}

async fn of_twenty_edits_of_one_version_one_wins(engine: Engine) {
    let fleet = Fleet::start(engine, 1).await;
    let id = fleet.submit(json!({ "name": "edited", "hold": true })).await;
    let version = fleet.job(&id).await["version"].clone();
    let edits = (0..20).map(|priority| {
        let input = json!({ "id": id, "expectedVersion": version, "priority": priority });
        fleet.ask(
            "mutation($input: UpdateJobInput!) { updateJob(input: $input) { job { version } } }",
            json!({ "input": input }),
        )
    });
    let answers = join_all(edits).await;
    let won: Vec<&Value> = answers.iter().filter(|answer| answer.get("errors").is_none()).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let now = fleet.job(&id).await["version"].clone();
    for lost in answers.iter().filter(|answer| answer.get("errors").is_some()) {
        assert_eq!(code(lost), Some("CONFLICT"));
        assert_eq!(lost["errors"][0]["extensions"]["currentVersion"], now);
    }
}

async fn two_hundred_jobs_on_eight_gpus_keep_every_invariant(engine: Engine) {
    let fleet = Fleet::start(engine, 8).await;
    let jobs: Vec<Value> = (0..200)
        .map(|place| {
            json!({
                "name": format!("job {place}"), "command": ["/bin/true"],
                "requirements": { "count": 1 + place % 4 }, "priority": place % 3,
            })
        })
        .collect();
    let document =
        "mutation($jobs: [SubmitJobInput!]!) { submitJobs(input: { jobs: $jobs }) { jobs { id } } }";
    let made = fleet.query(document, json!({ "jobs": jobs })).await;
    let ids: Vec<String> = made["submitJobs"]["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_str().unwrap().to_owned())
        .collect();
    eventually("all have ended", || async {
        let open = fleet.query("{ fleet { jobsQueued jobsRunning } }", json!({})).await;
        (open["fleet"]["jobsQueued"] == 0 && open["fleet"]["jobsRunning"] == 0).then_some(())
    })
    .await;
    let mut held: HashMap<String, Vec<(String, String)>> = HashMap::new();
    for (place, id) in ids.iter().enumerate() {
        let job = fleet.job(id).await;
        assert_eq!(job["status"], "SUCCEEDED", "{job}");
        let statuses: Vec<&str> = job["events"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["status"].as_str().unwrap())
            .collect();
        assert_eq!(statuses, ["QUEUED", "ALLOCATED", "RUNNING", "SUCCEEDED"]);
        let allocations = job["allocations"].as_array().unwrap();
        assert_eq!(allocations.len(), 1 + place % 4, "a gang is whole");
        for one in allocations {
            let interval = (one["allocatedAt"].as_str().unwrap(), one["releasedAt"].as_str().unwrap());
            held.entry(one["gpu"]["id"].as_str().unwrap().to_owned())
                .or_default()
                .push((interval.0.to_owned(), interval.1.to_owned()));
        }
    }
    for (gpu, mut intervals) in held {
        intervals.sort();
        for pair in intervals.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{gpu} was held twice at once: {pair:?}");
        }
    }
}

async fn a_subscriber_resumes_without_gap_or_double_beside_fifty_writers(engine: Engine) {
    const EACH: usize = 6;
    let fleet = Fleet::start(engine, 1).await;
    let document = "subscription($after: String) { jobUpdates(after: $after) { cursor kind job { id } } }";
    let mut updates = fleet.subscribe(document, json!({})).await;
    let marker = fleet.submit(json!({ "name": "marker", "hold": true })).await;
    let first = updates.next().await.unwrap();
    assert_eq!(first["jobUpdates"]["job"]["id"], marker.as_str());
    let mut cursor = first["jobUpdates"]["cursor"].as_str().unwrap().to_owned();
    let writers = async {
        let each = (0..50).map(|writer| {
            let fleet = &fleet;
            async move {
                let mut ids = Vec::new();
                for place in 0..EACH {
                    ids.push(
                        fleet.submit(json!({ "name": format!("{writer}.{place}"), "hold": true })).await,
                    );
                }
                ids
            }
        });
        join_all(each).await.into_iter().flatten().collect::<HashSet<String>>()
    };
    let reader = async {
        let mut seen = Vec::new();
        let mut cursors = vec![cursor.clone()];
        while seen.len() < 50 * EACH {
            let update = updates.next().await.unwrap()["jobUpdates"].take();
            cursor = update["cursor"].as_str().unwrap().to_owned();
            cursors.push(cursor.clone());
            assert_eq!(update["kind"], "CREATED");
            seen.push(update["job"]["id"].as_str().unwrap().to_owned());
            if seen.len() % 37 == 0 {
                // Gone in the middle of it, and back.
                updates = fleet.subscribe(document, json!({ "after": cursor })).await;
            }
        }
        assert!(cursors.windows(2).all(|pair| pair[0] < pair[1]), "cursors increase");
        seen
    };
    let (written, seen) = tokio::join!(writers, reader);
    assert_eq!(seen.len(), written.len());
    assert_eq!(seen.into_iter().collect::<HashSet<_>>(), written);
}
