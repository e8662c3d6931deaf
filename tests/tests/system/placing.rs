//! Where jobs go, as the whole system decides it.

use serde_json::{Value, json};
use system_tests::{Client, Engine, Fleet, Place, PlayedHost, both, eventually};

both! {
    gpus_that_are_of_no_use_to_what_was_submitted_lately_go_first,
}

fn held(name: &str, cpus: Option<f64>) -> Value {
    json!({"name": name, "hold": true, "requirements": {"count": 1, "cpus": cpus}})
}

/// A loan on a GPU of this host.
async fn lent_on(client: &Client, host: &str, cpus: Option<f64>) {
    let data = client.graphql("{ gpus { nodes { id status host { name } } } }", json!({})).await;
    let gpus = system_tests::answer::rows(&data["gpus"]["nodes"]).to_vec();
    let gpu = gpus.into_iter().find(|gpu| gpu["host"]["name"] == host && gpu["status"] == "AVAILABLE");
    let gpu = gpu.unwrap_or_else(|| panic!("a free GPU of {host}: {data}"));
    let loan = client.submit(held("loan", cpus)).await;
    client.allocate(&loan, vec![json!({"id": gpu["id"]})]).await.unwrap();
}

async fn gpus_that_are_of_no_use_to_what_was_submitted_lately_go_first(engine: Engine) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &[]).await;
    let client = fleet.operator().await;
    let _hosts = (PlayedHost::join(&fleet, "a", 2).await, PlayedHost::join(&fleet, "b", 4).await);
    client.submit_all(vec![held("usual", Some(4.0)); 10]).await;
    // Hosts of eight cores: one GPU is left on "a", with all of them, and three on "b", with two.
    lent_on(&client, "a", None).await;
    lent_on(&client, "b", Some(6.0)).await;
    let job = client.submit(json!({"name": "small", "command": ["train"]})).await;
    client.reaches(&job, "ALLOCATED").await;
    let host = eventually("its host is known", 10, async || {
        let job = client.job(&job, "gpus { host { name } }").await;
        job["gpus"][0]["host"]["name"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(host, "b", "the tightest host is \"a\", and the only one that the usual jobs could use");
}
