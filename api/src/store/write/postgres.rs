//! Writing to PostgreSQL: a transaction for each piece of work, run again after a serialization failure, or after a
//! connection was lost before the commit.

use std::time::Duration;

use sea_orm::{DatabaseConnection, TransactionTrait};

use super::{Wake, Work, run_once};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::store::feed::Feed;

/// How often work is run at most.
const ATTEMPTS: u32 = 6;

/// Runs work in a transaction of its own, again where that is safe.
pub(super) async fn run<T, W: Work<T>>(
    pool: &DatabaseConnection,
    feed: &Feed,
    clock: &Clock,
    work: W,
) -> Result<T, Fault> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match once(pool, clock, &work).await {
            Ok((value, wake)) => {
                feed.committed(wake);
                return Ok(value);
            }
            Err(Failure::Again(_)) if attempt < ATTEMPTS => {
                metrics::counter!("gpu_fleet_transaction_retries_total").increment(1);
                tokio::time::sleep(backoff(attempt)).await;
            }
            Err(Failure::Again(fault) | Failure::Final(fault)) => {
                return Err(match fault {
                    Fault::Retry => Fault::Unavailable("too many transactions met each other".into()),
                    other => other,
                });
            }
        }
    }
}

enum Failure {
    Again(Fault),
    Final(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Retry | Fault::LostConnection(_) => Self::Again(fault),
            other => Self::Final(other),
        }
    }
}

async fn once<T, W: Work<T>>(
    pool: &DatabaseConnection,
    clock: &Clock,
    work: &W,
) -> Result<(T, Wake), Failure> {
    let db = pool.begin().await.map_err(Fault::from)?;
    match run_once(work, &db, clock).await {
        Ok(done) => match db.commit().await.map_err(Fault::from) {
            Ok(()) => Ok(done),
            Err(Fault::Retry) => Err(Failure::Again(Fault::Retry)),
            // Whether a commit took place whose answer was lost is unknown: running it again could do it twice.
            Err(fault) => Err(Failure::Final(fault)),
        },
        Err(fault) => {
            if let Err(error) = db.rollback().await {
                tracing::debug!(%error, "a roll-back failed; the server will do it");
            }
            Err(fault.into())
        }
    }
}

/// 10 ms doubling, each with full jitter.
fn backoff(attempt: u32) -> Duration {
    let ceiling = 10.0 * f64::from(2u32.pow(attempt.min(8)));
    Duration::from_secs_f64(rand::random::<f64>() * ceiling / 1000.0)
}
