//! The book and the cards: what the cards say of faults and processes is what the fleet believes, whatever the book says.

use serde_json::{Value, json};
use system_tests::answer::{column, rows, text};
use system_tests::{
    AgentProcess, Client, Engine, Fleet, Hardware, History, Place, Stranger, both, eventually,
};

both! {
    a_card_that_falls_off_the_bus_takes_its_own_job_and_no_other,
    a_mistake_of_a_program_is_a_note_on_its_job,
    a_stranger_on_a_free_card_keeps_jobs_off_until_it_is_gone,
    a_job_on_a_card_that_it_was_not_given_keeps_others_off_it,
    a_card_that_does_not_list_its_processes_is_not_given_away,
    a_driver_that_hangs_takes_no_job_along,
    bad_memory_keeps_new_jobs_off_and_the_running_one_on,
    a_job_of_two_gets_cards_that_are_linked,
}

struct World {
    /// Dropped before the fleet, whose folder holds its log.
    _agent: AgentProcess,
    fleet: Fleet,
    client: Client,
    hardware: Hardware,
}

async fn world(engine: Engine, cards: usize) -> World {
    let fleet = Fleet::serve_with(Place::create(engine).await, &["--heartbeat", "1s"]).await;
    let client = fleet.operator().await;
    let hardware = Hardware::new(fleet.place.folder(), cards);
    let agent = AgentProcess::start_with(&fleet, "real", "nvml", hardware.options()).await;
    World { _agent: agent, fleet, client, hardware }
}

impl World {
    async fn card(&self, index: usize) -> Value {
        let query = "{ gpus(first: 16) { nodes { index status statusReason health use processes { pid memoryUsedMib owner job { id } } } } }";
        let data = self.client.graphql(query, json!({})).await;
        let found = rows(&data["gpus"]["nodes"]).iter().find(|card| card["index"] == index).cloned();
        found.expect("a card of this index")
    }

    async fn card_becomes(&self, index: usize, status: &str, reason: &str) -> Value {
        eventually(&format!("card {index} is {status}: {reason}"), 40, async || {
            let card = self.card(index).await;
            let says = card["statusReason"].as_str().unwrap_or_default().contains(reason);
            (card["status"] == status && says).then_some(card)
        })
        .await
    }

    /// A job that runs until it is stopped; its id, its card's index and its command's process.
    async fn running(&self, name: &str) -> (String, usize, i64) {
        let file = self.fleet.place.folder().join(name);
        let line = format!("echo $$ > {}; while :; do sleep 1; done", file.display());
        let id = self.client.submit_line(name, &line).await;
        self.client.reaches(&id, "RUNNING").await;
        let pid = eventually("the job has written its number", 20, async || {
            std::fs::read_to_string(&file).ok()?.trim().parse().ok()
        })
        .await;
        let job = self.client.job(&id, "gpus { index }").await;
        (id, usize::try_from(job["gpus"][0]["index"].as_u64().unwrap()).unwrap(), pid)
    }

    async fn cancel(&self, id: &str) {
        self.client.change("cancelJob", json!({"id": id}), "job { status }").await.unwrap();
        self.client.reaches(id, "CANCELLED").await;
    }
}

async fn a_card_that_falls_off_the_bus_takes_its_own_job_and_no_other(engine: Engine) {
    let world = world(engine, 4).await;
    let mut jobs = Vec::new();
    for name in ["a", "b", "c", "d"] {
        jobs.push(world.running(name).await);
    }
    let (unlucky, card, _) = jobs.swap_remove(1);
    world.hardware.now(&format!("gpu {card} lost=1\nxid {card} 79 1\n"));
    world.client.reaches(&unlucky, "FAILED").await;
    let job = world.client.job(&unlucky, "statusReason exitCode").await;
    assert!(text(&job["statusReason"]).contains("its GPU is gone: XID 79"), "{job}");
    let dead = world.card_becomes(card, "QUARANTINED", "XID 79").await;
    assert_eq!(dead["health"], "FAILED");
    for (id, index, _) in &jobs {
        assert_eq!(world.client.job(id, "status").await["status"], "RUNNING");
        assert_eq!(world.card(*index).await["health"], "HEALTHY");
        world.cancel(id).await;
    }
    world.client.gpus_are_free(3).await;
    History::read(&world.client).await.keeps_every_invariant();
}

async fn a_mistake_of_a_program_is_a_note_on_its_job(engine: Engine) {
    let world = world(engine, 1).await;
    let (id, card, _) = world.running("clumsy").await;
    world.hardware.now(&format!("xid {card} 31 1\n"));
    eventually("its history tells of it", 20, async || {
        let job = world.client.job(&id, "status events(first: 20) { nodes { status message } }").await;
        assert_eq!(job["status"], "RUNNING");
        let told = rows(&job["events"]["nodes"])
            .iter()
            .any(|event| event["message"].as_str().is_some_and(|message| message.contains("XID 31")));
        told.then_some(())
    })
    .await;
    assert_eq!(world.card(card).await["health"], "HEALTHY");
    world.cancel(&id).await;
}

async fn a_stranger_on_a_free_card_keeps_jobs_off_until_it_is_gone(engine: Engine) {
    let world = world(engine, 1).await;
    let stranger = Stranger::start();
    world.hardware.now(&format!("proc 0 {} 40000000000\n", stranger.pid()));
    let card = world.card_becomes(0, "QUARANTINED", "no job's of this fleet").await;
    assert_eq!(
        (&card["use"], &card["processes"][0]["owner"]),
        (&json!("FOREIGN"), &json!("FOREIGN")),
        "{card}"
    );
    assert_eq!(
        (&card["processes"][0]["pid"], &card["processes"][0]["memoryUsedMib"]),
        (&json!(stranger.pid()), &json!(38_146))
    );
    let id = world.client.submit(json!({"name": "waits", "command": ["true"]})).await;
    eventually("the job says that no GPU is usable", 20, async || {
        let job = world.client.job(&id, "status pending { blockers { code } }").await;
        assert_eq!(job["status"], "QUEUED", "{job}");
        column(&job["pending"]["blockers"], "code").contains(&"NO_MATCHING_GPU".to_owned()).then_some(())
    })
    .await;
    drop(stranger);
    world.client.reaches(&id, "SUCCEEDED").await;
}

async fn a_job_on_a_card_that_it_was_not_given_keeps_others_off_it(engine: Engine) {
    let world = world(engine, 2).await;
    let (thief, own, pid) = world.running("thief").await;
    let other = 1 - own;
    world.hardware.now(&format!("proc {own} {pid} 1000000000\nproc {other} {pid} 1000000000\n"));
    let card = world.card_becomes(other, "QUARANTINED", &thief).await;
    assert_eq!(
        (&card["use"], &card["processes"][0]["job"]["id"]),
        (&json!("FOREIGN"), &json!(thief)),
        "{card}"
    );
    assert_eq!(world.card(own).await["status"], "ALLOCATED");
    let honest = world.client.submit(json!({"name": "honest", "command": ["true"]})).await;
    world.cancel(&thief).await;
    world.client.reaches(&honest, "SUCCEEDED").await;
}

async fn a_card_that_does_not_list_its_processes_is_not_given_away(engine: Engine) {
    let world = world(engine, 1).await;
    let (id, ..) = world.running("job").await;
    world.hardware.now("fail nvmlDeviceGetComputeRunningProcesses_v3 4\n");
    world.cancel(&id).await;
    world.card_becomes(0, "QUARANTINED", "did not list its processes").await;
    let next = world.client.submit(json!({"name": "next", "command": ["true"]})).await;
    world.hardware.now("");
    world.client.reaches(&next, "SUCCEEDED").await;
}

async fn a_driver_that_hangs_takes_no_job_along(engine: Engine) {
    let world = world(engine, 2).await;
    let (id, own, _) = world.running("job").await;
    world.hardware.hang();
    world.card_becomes(1 - own, "QUARANTINED", "NVML does not answer").await;
    let hosts = world.client.graphql("{ hosts { nodes { status } } }", json!({})).await;
    assert_eq!(column(&hosts["hosts"]["nodes"], "status"), ["READY"], "the host itself is well");
    assert_eq!(world.client.job(&id, "status").await["status"], "RUNNING");
    world.hardware.now("");
    // The hanging question itself has no answer until somebody closes the pipe: a new agent asks anew.
    world.cancel(&id).await;
}

async fn bad_memory_keeps_new_jobs_off_and_the_running_one_on(engine: Engine) {
    let world = world(engine, 1).await;
    let (id, ..) = world.running("job").await;
    world.hardware.now("gpu 0 ecc_unc=3 remap_pending=1 recovery=1\n");
    let card = world.card_becomes(0, "QUARANTINED", "the driver asks for a reset").await;
    assert_eq!(card["health"], "DEGRADED");
    assert_eq!(world.client.job(&id, "status").await["status"], "RUNNING");
    world.cancel(&id).await;
    let next = world.client.submit(json!({"name": "next", "command": ["true"]})).await;
    world.card_becomes(0, "QUARANTINED", "").await;
    world.hardware.now("");
    world.client.reaches(&next, "SUCCEEDED").await;
}

async fn a_job_of_two_gets_cards_that_are_linked(engine: Engine) {
    let fleet = Fleet::serve_with(Place::create(engine).await, &[]).await;
    let client = fleet.operator().await;
    let hardware = Hardware::new(fleet.place.folder(), 4);
    // The first card reaches the last, and the second the third.
    hardware.now("gpu 0 links=3\ngpu 1 links=2\ngpu 2 links=1\ngpu 3 links=0\n");
    let _agent = AgentProcess::start_with(&fleet, "real", "nvml", hardware.options()).await;
    let loan = async |count: i32| {
        let id = client.submit(json!({"name": "loan", "requirements": {"count": count}})).await;
        client.reaches(&id, "RUNNING").await;
        let gpus = client.job(&id, "gpus { index }").await;
        let mut indexes: Vec<_> =
            rows(&gpus["gpus"]).iter().map(|gpu| gpu["index"].as_u64().unwrap()).collect();
        indexes.sort_unstable();
        (id, indexes)
    };
    let (first, one) = loan(1).await;
    assert_eq!(one, [0]);
    assert_eq!(loan(2).await.1, [1, 2], "the pair that is whole");
    assert_eq!(loan(1).await.1, [3], "what is left of the broken one");
    client.change("releaseJob", json!({"jobId": first}), "job { id }").await.unwrap();
}
