//! The wall clock of a database that servers share. They all go by it, so that what one of them wrote an hour ago was an hour ago
//! for the others too, however far apart the clocks of their machines are.

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use nix::time::{ClockId, clock_gettime};
use sea_orm::{ConnectionTrait as _, DatabaseBackend, DatabaseConnection, DbErr, Statement};
use uuid::{ContextV7, Timestamp, Uuid};

use super::{Clock, Time};

/// Asked this often. Clocks of machines run apart by a few milliseconds in that time, at most.
const EVERY: Duration = Duration::from_secs(10);
/// People should hear of clocks that are further apart.
const MUCH: TimeDelta = TimeDelta::seconds(5);

/// The database's wall clock, as this machine knows it. Between two looks at it, a clock of this machine that nobody sets tells
/// how much time has passed, also while the machine sleeps.
struct OfDatabase {
    known: RwLock<Known>,
    ids: Mutex<ContextV7>,
}

/// What it shows, at some time since this machine was started.
#[derive(Debug, Clone, Copy)]
struct Known {
    shown: DateTime<Utc>,
    at: Duration,
}

/// What it has shown at some moment between two of this machine.
#[derive(Debug, Clone, Copy)]
struct Told {
    shown: DateTime<Utc>,
    asked: Duration,
    answered: Duration,
}

impl Known {
    fn shown(self, at: Duration) -> DateTime<Utc> {
        self.shown + TimeDelta::from_std(at.saturating_sub(self.at)).unwrap_or_default()
    }

    /// An answer is as exact as it was quick: what is known stays, as far as it may be true.
    fn mended(self, told: Told) -> Self {
        let way = TimeDelta::from_std(told.answered.saturating_sub(told.asked)).unwrap_or_default();
        let shown = self.shown(told.answered).clamp(told.shown, told.shown + way);
        Self { shown, at: told.answered }
    }
}

impl OfDatabase {
    fn known(&self) -> Known {
        *self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, told: Told) {
        let known = self.known();
        let mended = known.mended(told);
        let step = mended.shown - known.shown(told.answered);
        if step.abs() > MUCH {
            tracing::warn!(
                seconds = step.num_seconds(),
                "the database's clock was set, or another database answers: the fleet's time has made a step"
            );
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = mended;
    }
}

impl Time for OfDatabase {
    fn now(&self) -> DateTime<Utc> {
        self.known().shown(since_boot())
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn id(&self) -> Uuid {
        let now = self.now();
        let secs = u64::try_from(now.timestamp()).unwrap_or_default();
        let context = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, secs, now.timestamp_subsec_nanos()))
    }
}

/// A database's clock, which is asked again and again as long as anybody goes by it.
///
/// # Errors
/// It cannot be asked.
pub(crate) async fn of_database(database: &DatabaseConnection) -> Result<Clock, DbErr> {
    let told = ask(database).await?;
    let off = Utc::now() - told.shown;
    if off.abs() > MUCH {
        tracing::warn!(
            seconds = off.num_seconds(),
            "this machine's clock is not the database's: the fleet goes by the database's, tokens and API keys run out by this one"
        );
    }
    let known = Known { shown: told.shown, at: told.answered };
    let clock = Arc::new(OfDatabase { known: RwLock::new(known), ids: Mutex::new(ContextV7::new()) });
    tokio::spawn(keep_asking(Arc::downgrade(&clock), database.clone()));
    Ok(clock)
}

async fn keep_asking(clock: Weak<OfDatabase>, database: DatabaseConnection) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(clock) = clock.upgrade() else { return };
        // While the database is away, time goes on without it.
        match ask(&database).await {
            Ok(told) => clock.hear(told),
            Err(error) => tracing::debug!(%error, "the database does not say what time it is"),
        }
    }
}

async fn ask(database: &DatabaseConnection) -> Result<Told, DbErr> {
    let asked = since_boot();
    let sql = Statement::from_string(DatabaseBackend::Postgres, "SELECT clock_timestamp() AS shown");
    let row = database.query_one_raw(sql).await?;
    let answered = since_boot();
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the time".to_owned()))?;
    Ok(Told { shown: row.try_get("", "shown")?, asked, answered })
}

/// Never goes back, and counts sleep.
fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn shown(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_900_000_000_000 + millis).unwrap_or_default()
    }

    #[test]
    fn what_is_known_is_mended_by_no_more_than_an_answer_proves() {
        let known = Known { shown: shown(0), at: at(1_000) };
        let told =
            |millis, asked, answered| Told { shown: shown(millis), asked: at(asked), answered: at(answered) };
        assert_eq!(known.shown(at(1_250)), shown(250));
        let same = known.mended(told(990, 1_990, 2_010));
        assert_eq!(same.shown(at(2_010)), shown(1_010), "it may be true as it is");
        let behind = known.mended(told(5_000, 1_990, 2_010));
        assert_eq!(behind.shown(at(2_010)), shown(5_000), "it shows that much at least");
        let ahead = known.mended(told(-5_000, 1_990, 2_010));
        assert_eq!(ahead.shown(at(2_010)), shown(-4_980), "and that much at most");
    }

    #[test]
    fn ids_are_in_the_order_of_the_clock_s_time() {
        let of = |millis| OfDatabase {
            known: RwLock::new(Known { shown: shown(millis), at: since_boot() }),
            ids: Mutex::new(ContextV7::new()),
        };
        let (early, late) = (of(0), of(3_600_000));
        let ids: Vec<Uuid> = (0..1_000).map(|_| early.id()).chain([late.id()]).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    }
}
