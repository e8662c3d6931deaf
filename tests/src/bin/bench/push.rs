//! How long a change takes from its commit until each of a thousand subscribers has been told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use system_tests::Client;
use tokio::sync::{Barrier, Mutex};
use tokio::task::JoinSet;

use crate::table::Latency;

/// Subscribers, each on a connection of its own.
const SUBSCRIBERS: usize = 1_000;
/// Changes per second.
const RATE: u32 = 10;

/// From before a change is sent until a subscriber has read it, over all subscribers and changes.
pub(crate) async fn latency(client: &Client, span: Duration) -> Latency {
    let changes = (span.as_secs_f64() * f64::from(RATE)) as usize;
    let job = client.submit(json!({"name": "push", "command": ["train"], "hold": true})).await;
    let sent: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let ready = Arc::new(Barrier::new(SUBSCRIBERS + 1));
    let mut subscribers = JoinSet::new();
    for _ in 0..SUBSCRIBERS {
        let (client, sent, ready) = (client.clone(), sent.clone(), ready.clone());
        subscribers.spawn(async move {
            let query = "subscription { jobUpdates { cursor job { id name status priority version organization { slug } } } }";
            let mut updates = client.subscribe(query, json!({})).await;
            ready.wait().await;
            let mut taken = Vec::with_capacity(changes);
            for change in 0..changes {
                let mut event = updates.next().await.expect("an event");
                // The submission itself may be told a moment after it was answered.
                while event["jobUpdates"]["job"]["priority"] == 0 {
                    event = updates.next().await.expect("an event");
                }
                let read = Instant::now();
                assert_eq!(event["jobUpdates"]["job"]["priority"], change + 1, "every change, in order");
                taken.push(read - sent.lock().await[change]);
            }
            taken
        });
    }
    ready.wait().await;
    // The subscriptions were sent; one that is not there yet would miss the first change.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
    for change in 0..changes {
        pace.tick().await;
        sent.lock().await.push(Instant::now());
        let edit = json!({"id": job, "expectedVersion": change + 1, "priority": change + 1});
        client.change("updateJob", edit, "job { version }").await.expect("a change");
    }
    Latency::of(subscribers.join_all().await.concat())
}
