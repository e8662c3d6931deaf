//! Logs read the same wherever they lie, and none is lost on the way.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::io::Read as _;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{HostId, JobId};
use entity::{host, job, log_chunk, log_object, placement};
use flate2::read::MultiGzDecoder;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, PaginatorTrait as _};

use super::{Chunk, Line, LogCursor, LogState};
use crate::fault::Fault;
use crate::fixture;
use crate::log_store::stand_in::StandIn;
use crate::log_store::{Keeper, LogStore};
use crate::store::agents::{Blame, Report, Told};
use crate::store::{Scope, Store};

/// More than are read at once, and in all more than a member of an object holds.
const CHUNKS: i32 = 100;
const LINES: i32 = 20;

struct World {
    store: Store,
    host: HostId,
    job: JobId,
    bucket: StandIn,
}

/// A job that runs on a host, and a log store.
async fn world(store: Store) -> World {
    let (bucket, logs) = StandIn::start().await;
    world_in(store, bucket, logs).await
}

async fn world_in(store: Store, bucket: StandIn, logs: LogStore) -> World {
    let ours = fixture::organization(&store, "ours").await;
    fixture::jobs_with_gpus(&store, ours.id, 1).await;
    store.keep_logs_in(logs);
    let host = host::Entity::find().one(store.db()).await.expect("a read").expect("a host");
    let job = job::Entity::find().one(store.db()).await.expect("a read").expect("a job");
    let world = World { store, host: HostId(host.id), job: JobId(job.id), bucket };
    world.report(Told::Started, None).await;
    world
}

fn line(number: i32) -> Line {
    let at = DateTime::from_timestamp(1_700_000_000, 123_456_000).expect("an instant");
    let at = at + TimeDelta::microseconds(i64::from(number));
    Line {
        at,
        stderr: number % 3 == 0,
        text: format!("line {number} \u{fffd}\u{1b}[0m \"{}\"", "x".repeat(600)),
    }
}

impl World {
    async fn epoch(&self) -> i32 {
        let row = host::Entity::find_by_id(self.host.0).one(self.store.db()).await.expect("a read");
        row.expect("the host").epoch
    }

    async fn report(&self, told: Told, exit_code: Option<i32>) {
        let report = Report {
            job: self.job,
            attempt: 1,
            told,
            exit_code,
            reason: None,
            timed_out: false,
            blame: Blame::Command,
            asked: None,
            ago: None,
            unclean: HashMap::new(),
        };
        let answer = self.store.report_jobs(self.host, self.epoch().await, vec![report]).await;
        assert!(answer.expect("an answer")[0].accepted);
    }

    /// Sends lines from a number on; the answer is the number wanted next.
    async fn append(&self, first_line: i32, lines: i32, last: bool) -> i32 {
        let lines = (first_line..first_line + lines).map(line).collect();
        let chunk = Chunk { job: self.job, attempt: 1, first_line, lines, last };
        let answer = self.store.append_logs(self.host, self.epoch().await, vec![chunk]).await;
        let answer = answer.expect("an answer").remove(0);
        assert!(answer.accepted);
        answer.next_line
    }

    /// The job writes all that it has to write, and ends.
    async fn ended(&self) {
        for chunk in 0..CHUNKS {
            let next = self.append(chunk * LINES, LINES, chunk == CHUNKS - 1).await;
            assert_eq!(next, (chunk + 1) * LINES);
        }
        self.report(Told::Exited, Some(0)).await;
    }

    async fn state(&self) -> LogState {
        self.store.log_state(self.job).await.expect("a state")
    }

    async fn rows(&self) -> u64 {
        log_chunk::Entity::find().count(self.store.db()).await.expect("a count")
    }

    async fn objects(&self) -> Vec<log_object::Model> {
        log_object::Entity::find().all(self.store.db()).await.expect("rows")
    }

    /// The whole log by every way to read it, with all cursors.
    async fn readings(&self) -> Vec<Vec<(String, String)>> {
        let told = |lines: Vec<(LogCursor, Line)>| {
            lines.into_iter().map(|(at, line)| (at.to_string(), format!("{line:?}"))).collect::<Vec<_>>()
        };
        let mut readings = Vec::new();
        for lines in [1, 33, 1000] {
            readings.push(told(self.store.log_tail(self.job, lines).await.expect("a tail")));
        }
        for (first, text) in [(470, None), (1000, None), (30, Some("LINE 17"))] {
            let (mut lines, mut at) = (Vec::new(), LogCursor::default());
            loop {
                let page = self.store.log_page(self.job, Some(1), text, at, first).await.expect("a page");
                assert!(page.end > at || !page.has_more, "it goes on");
                at = page.end;
                lines.extend(page.lines);
                if !page.has_more {
                    break;
                }
            }
            readings.push(told(lines));
        }
        let (mut lines, mut at) = (Vec::new(), LogCursor::default());
        loop {
            let (page, done) = self.store.log_after(self.job, None, at).await.expect("lines");
            assert!(page.end > at || !page.has_more, "it goes on");
            at = page.end;
            lines.extend(page.lines);
            if !page.has_more {
                assert!(done, "the job has ended");
                break;
            }
        }
        readings.push(told(lines));
        readings
    }
}

async fn a_moved_log_reads_as_before(store: Store) {
    let world = world(store).await;
    assert!(!world.store.move_log(world.job).await.expect("an answer"), "it has not ended");
    world.ended().await;
    let before = world.readings().await;
    assert_eq!(before[6].len(), usize::try_from(CHUNKS * LINES).expect("a number"));
    let waiting = world.store.logs_to_move(None, 10).await.expect("jobs");
    assert_eq!(waiting.iter().map(|(_, job)| *job).collect::<Vec<_>>(), [world.job]);

    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    assert_eq!((world.rows().await, world.state().await), (0, LogState::Moved));
    assert_eq!(world.store.logs_to_move(None, 10).await.expect("jobs"), []);
    let after = world.readings().await;
    assert!(before == after, "it reads otherwise");
    // Without us: one gzip file of JSON lines.
    let objects = world.bucket.objects();
    let [(name, object)] = &objects.iter().collect::<Vec<_>>()[..] else { panic!("{:?}", objects.keys()) };
    assert!(name.starts_with(&format!("/bucket/logs/{}/attempt-1-", world.job)), "{name}");
    let mut text = String::new();
    MultiGzDecoder::new(&object[..]).read_to_string(&mut text).expect("a gzip file");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(lines.len(), before[6].len());
    assert_eq!((&lines[3]["stream"], &lines[3]["host"]), (&"stderr".into(), &"node-1".into()));
    assert_eq!(lines[3]["text"], line(3).text);
    let blocks = &world.objects().await[0].blocks;
    assert!(blocks.as_array().is_some_and(|blocks| blocks.len() > 1), "more than one member: {blocks}");
}

async fn what_comes_late_goes_on_behind_what_was_moved(store: Store) {
    let world = world(store).await;
    world.ended().await;
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    let all = CHUNKS * LINES;
    // An agent that did not hear the answer says it again; one that comes late has more.
    assert_eq!(world.append(all - LINES, LINES, true).await, all);
    assert_eq!((world.rows().await, world.state().await), (0, LogState::Moved));
    assert_eq!(world.append(all, 5, true).await, all + 5);
    assert_eq!((world.rows().await, world.state().await), (1, LogState::Kept));
    let before = world.readings().await;
    assert_eq!(before[6].len(), usize::try_from(all + 5).expect("a number"));
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    assert_eq!((world.rows().await, world.objects().await.len()), (0, 2));
    assert!(before == world.readings().await, "it reads otherwise");
}

async fn what_comes_late_of_a_log_that_is_too_long_says_so_once(store: Store) {
    let world = world(store).await;
    // Nothing is left of what an attempt may write.
    let used = world.store.write(|tx| {
        Box::pin(async move {
            let all = placement::Entity::update_many();
            let full = all.col_expr(placement::Column::LogBytes, Expr::value(super::MOST_BYTES));
            Ok(full.exec(tx.db).await?)
        })
    });
    used.await.expect("an update");
    world.append(0, 5, false).await;
    world.report(Told::Exited, Some(0)).await;
    world.append(5, 5, true).await;
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    world.append(10, 5, true).await;
    assert_eq!((world.rows().await, world.state().await), (1, LogState::Kept));
    let tail = world.store.log_tail(world.job, 100).await.expect("a tail");
    let said: Vec<&str> = tail.iter().map(|(_, line)| line.text.as_str()).collect();
    assert_eq!(said, ["[the log is longer than 64 MiB: the rest is not kept]"]);
}

async fn a_store_that_is_away_delays_and_loses_nothing(store: Store) {
    let world = world(store).await;
    world.ended().await;
    let before = world.readings().await;
    world.bucket.is_away(true);
    let away = |outcome: Result<bool, Fault>| matches!(outcome, Err(Fault::LogStoreAway(_)));
    assert!(away(world.store.move_log(world.job).await));
    assert_eq!((world.rows().await, world.state().await), (CHUNKS.unsigned_abs().into(), LogState::Kept));
    let logs = world.store.log_store().expect("a log store");
    assert!(logs.ailment().is_some());
    assert!(before == world.readings().await, "it can be read");
    world.bucket.is_away(false);
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    assert_eq!(logs.ailment(), None);
    world.bucket.is_away(true);
    assert!(matches!(world.store.log_tail(world.job, 10).await, Err(Fault::LogStoreAway(_))));
    let page = world.store.log_page(world.job, None, None, LogCursor::default(), 10).await;
    assert!(matches!(page, Err(Fault::LogStoreAway(_))));
    world.bucket.is_away(false);
    assert!(before == world.readings().await, "it reads otherwise");
}

async fn a_server_killed_between_object_and_rows_does_it_again(store: Store) {
    let world = world(store).await;
    world.ended().await;
    let before = world.readings().await;
    let (packed, object) = world.store.pack(world.job).await.expect("an object").expect("a log");
    let logs = world.store.log_store().expect("a log store");
    logs.keep(packed.path(), object).await.expect("it is kept");
    assert!(before == world.readings().await, "nothing reads it yet");
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    assert_eq!((world.bucket.objects().len(), world.rows().await), (1, 0), "the same object");
    assert!(before == world.readings().await, "it reads otherwise");
}

async fn what_is_too_old_is_forgotten_and_says_so(store: Store) {
    let world = world(store).await;
    let refused = world.store.forget_log(world.job).await;
    assert!(matches!(refused, Err(Fault::Conflict { .. })), "it runs");
    world.ended().await;
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    world.append(CHUNKS * LINES, 5, true).await;
    let old = world.store.logs_older_than(Utc::now() - TimeDelta::hours(1), None, 10).await;
    assert_eq!(old.expect("jobs"), []);
    let old = world.store.logs_older_than(Utc::now(), None, 10).await.expect("jobs");
    assert_eq!(old.len(), 1);
    assert_eq!(world.store.logs_older_than(Utc::now(), Some(old[0]), 10).await.expect("jobs"), []);

    world.bucket.is_away(true);
    assert!(matches!(world.store.forget_log(world.job).await, Err(Fault::LogStoreAway(_))));
    let tail = world.store.log_tail(world.job, 10).await.expect("nothing, and no error");
    assert!(tail.is_empty() && world.state().await == LogState::Expiring);
    world.bucket.is_away(false);
    world.store.forget_log(world.job).await.expect("it is forgotten");
    assert_eq!((world.rows().await, world.objects().await.len(), world.bucket.objects().len()), (0, 0, 0));
    assert_eq!(world.state().await, LogState::Expired);
    assert_eq!(world.store.logs_older_than(Utc::now(), None, 10).await.expect("jobs"), []);
    // What comes now is too old as well.
    assert_eq!(world.append(CHUNKS * LINES + 5, 5, true).await, CHUNKS * LINES + 10);
    assert_eq!(world.rows().await, 0);
    assert!(world.store.job(Scope::Fleet, world.job).await.expect("a read").is_some(), "the job stays");
}

async fn what_no_row_names_is_forgotten_too(store: Store) {
    let world = world(store).await;
    world.ended().await;
    // A server was killed behind an object and before its row, when there was more to come than that.
    let folder = format!("/bucket/logs/{}", world.job);
    for part in 0..5 {
        world.bucket.put(&format!("{folder}/attempt-1-part-{part}-of-nobody.jsonl.gz"), b"lines");
    }
    let others = "/bucket/logs/job_of_another/attempt-1-0.jsonl.gz";
    world.bucket.put(others, b"lines");
    assert!(world.store.move_log(world.job).await.expect("it is moved"));
    assert_eq!((world.objects().await.len(), world.bucket.objects().len()), (1, 7));
    world.store.forget_log(world.job).await.expect("it is forgotten");
    assert_eq!(world.bucket.objects().into_keys().collect::<Vec<_>>(), [others]);
    assert_eq!((world.objects().await.len(), world.state().await), (0, LogState::Expired));
}

async fn the_keeper_moves_and_forgets_by_itself(store: Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let logs = folder.path().join("logs");
    let logs = LogStore::at(&format!("file://{}", logs.display())).expect("a log store");
    let world = world_in(store, StandIn::default(), logs).await;
    world.ended().await;
    let before = world.readings().await;
    let reached = async |wanted: LogState| {
        let look = async {
            while world.state().await != wanted {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), look).await.expect("it comes to that");
    };
    let keeper = tokio::spawn(Keeper::new(world.store.clone(), None).run());
    reached(LogState::Moved).await;
    keeper.abort();
    assert!(before == world.readings().await, "it reads otherwise");
    let orphan = folder.path().join("logs").join(world.job.to_string()).join("attempt-1-of-nobody.jsonl.gz");
    std::fs::write(orphan, b"lines").expect("a file");
    let keeper = tokio::spawn(Keeper::new(world.store.clone(), Some(TimeDelta::zero())).run());
    reached(LogState::Expired).await;
    keeper.abort();
    let left = std::fs::read_dir(folder.path().join("logs")).expect("the folder").count();
    assert_eq!((left, world.rows().await), (0, 0));
}

#[test]
fn an_address_of_no_kind_is_refused() {
    for address in ["", "logs", "ftp://host/logs", "s3:///prefix", "file://host/path"] {
        assert!(LogStore::at(address).is_err(), "{address}");
    }
}

fixture::both! {
    a_moved_log_reads_as_before: a_moved_log_on_sqlite, a_moved_log_on_postgres;
    what_comes_late_goes_on_behind_what_was_moved: late_lines_on_sqlite, late_lines_on_postgres;
    what_comes_late_of_a_log_that_is_too_long_says_so_once: late_markers_on_sqlite, late_markers_on_postgres;
    a_store_that_is_away_delays_and_loses_nothing: an_absent_store_on_sqlite, an_absent_store_on_postgres;
    a_server_killed_between_object_and_rows_does_it_again: a_killed_server_on_sqlite, a_killed_server_on_postgres;
    what_is_too_old_is_forgotten_and_says_so: old_logs_on_sqlite, old_logs_on_postgres;
    what_no_row_names_is_forgotten_too: orphans_on_sqlite, orphans_on_postgres;
    the_keeper_moves_and_forgets_by_itself: the_keeper_on_sqlite, the_keeper_on_postgres;
}
