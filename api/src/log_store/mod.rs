//! Where logs of jobs that have ended are kept when that is not the database: a folder, or a bucket of an S3-compatible store.
//! It may be away: then logs stay where they are, and those that were moved cannot be read until it is back.

mod block;
mod keeper;
#[cfg(test)]
pub(crate) mod stand_in;

use std::fmt::Display;
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientConfigKey, Error, ObjectStore, ObjectStoreExt as _, RetryConfig};
use reqwest::Url;

use crate::fault::Fault;

pub use block::{Block, Draft, unpack};
pub use keeper::{Keeper, watch};

/// How long one answer of the store may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a request is tried again before the store counts as away.
const RETRIES: Duration = Duration::from_secs(10);

/// Objects listed at once.
const LISTED: usize = 500;

/// Why a log store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogStoreError {
    /// The address.
    #[error("a log store is file:///PATH or s3://BUCKET/PREFIX: {0}")]
    Address(String),
    /// The folder.
    #[error("the folder {0} for logs cannot be used: {1}")]
    Folder(String, String),
    /// What the `AWS_…` variables say.
    #[error("the log store cannot be used as it is set: {0}")]
    Settings(#[from] Error),
}

/// A log store.
#[derive(Debug, Clone)]
pub struct LogStore {
    objects: Arc<dyn ObjectStore>,
    /// Why it could not be used last, if so.
    away: Arc<Mutex<Option<String>>>,
}

impl LogStore {
    /// The store at an address, file:///path or s3://bucket/prefix; for the latter, the usual `AWS_…` variables of the environment
    /// count. It need not answer yet.
    ///
    /// # Errors
    /// See [`LogStoreError`].
    pub fn at(address: &str) -> Result<Self, LogStoreError> {
        Self::with_settings(
            address,
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// The same by these settings in the place of the environment.
    ///
    /// # Errors
    /// See [`LogStoreError`].
    pub fn with_settings(
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LogStoreError> {
        let url: Url =
            address.parse().map_err(|error| LogStoreError::Address(format!("{address}: {error}")))?;
        let objects: Arc<dyn ObjectStore> = match url.scheme() {
            "file" => Arc::new(folder(&url)?),
            "s3" if url.has_host() => Arc::new(bucket(&url, settings)?),
            _ => return Err(LogStoreError::Address(address.to_owned())),
        };
        Ok(Self { objects, away: Arc::default() })
    }

    /// Keeps an object, and makes sure that it reads as it was written.
    ///
    /// # Errors
    /// [`Fault::LogStoreAway`].
    pub(crate) async fn keep(&self, path: &str, object: Vec<u8>) -> Result<(), Fault> {
        let (path, object) = (Path::from(path), Bytes::from(object));
        self.ask(self.objects.put(&path, object.clone().into())).await?;
        let kept = self.ask(async { self.objects.get(&path).await?.bytes().await }).await?;
        if kept != object {
            return Err(self.is_away(format!("{path} does not read as it was written")));
        }
        Ok(())
    }

    /// Some bytes of an object.
    ///
    /// # Errors
    /// [`Fault::LogStoreAway`].
    pub(crate) async fn read(&self, path: &str, block: &Block) -> Result<Bytes, Fault> {
        let path = Path::from(path);
        self.ask(self.objects.get_range(&path, block.offset..block.offset + block.bytes)).await
    }

    /// Forgets an object, if it is there.
    ///
    /// # Errors
    /// [`Fault::LogStoreAway`].
    pub(crate) async fn forget(&self, path: &str) -> Result<(), Fault> {
        let path = Path::from(path);
        let gone = async {
            match self.objects.delete(&path).await {
                Err(Error::NotFound { .. }) => Ok(()),
                other => other,
            }
        };
        self.ask(gone).await
    }

    /// Forgets everything below a folder, also what no row names: a server that is killed between an object and its row leaves
    /// one behind.
    ///
    /// # Errors
    /// [`Fault::LogStoreAway`].
    pub(crate) async fn forget_all(&self, folder: &str) -> Result<(), Fault> {
        let folder = Path::from(folder);
        let mut before = Vec::new();
        loop {
            let listed = self.objects.list(Some(&folder)).take(LISTED).map_ok(|object| object.location);
            let page: Vec<Path> = self.ask(listed.try_collect()).await?;
            if page.is_empty() {
                return Ok(());
            }
            if page == before {
                return Err(self.is_away(format!("{folder} still lists what was deleted")));
            }
            for path in &page {
                self.forget(path.as_ref()).await?;
            }
            before = page;
        }
    }

    /// Looks whether it answers.
    async fn probe(&self) -> Result<(), Fault> {
        let path = Path::from("probe");
        let answers = async {
            match self.objects.head(&path).await {
                Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.ask(answers).await
    }

    /// What is not well with it, for everybody to read: the particulars stand in the log.
    #[must_use]
    pub fn ailment(&self) -> Option<String> {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.as_ref().map(|_| "the log store does not answer as it should: see the log".to_owned())
    }

    async fn ask<T>(&self, question: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        match tokio::time::timeout(PATIENCE, question).await {
            Ok(Ok(answer)) => {
                let was_away = self.away.lock().unwrap_or_else(PoisonError::into_inner).take();
                if was_away.is_some() {
                    tracing::info!("the log store is back");
                }
                metrics::gauge!("gpu_fleet_log_store_available").set(1.0);
                Ok(answer)
            }
            // One object that is gone says nothing about the others.
            Ok(Err(Error::NotFound { path, .. })) => {
                tracing::error!(path, "an object is not in the log store");
                Err(Fault::LogStoreAway("an object is not there".to_owned()))
            }
            Ok(Err(error)) => Err(self.is_away(error)),
            Err(_) => Err(self.is_away("it does not answer in time")),
        }
    }

    fn is_away(&self, why: impl Display) -> Fault {
        let why = why.to_string();
        let before = self.away.lock().unwrap_or_else(PoisonError::into_inner).replace(why.clone());
        if before.is_none() {
            tracing::warn!(why, "the log store is away");
        }
        metrics::gauge!("gpu_fleet_log_store_available").set(0.0);
        Fault::LogStoreAway(why)
    }
}

fn folder(url: &Url) -> Result<LocalFileSystem, LogStoreError> {
    let path = url.to_file_path().map_err(|()| LogStoreError::Address(url.to_string()))?;
    let cannot = |error: &dyn Display| LogStoreError::Folder(path.display().to_string(), error.to_string());
    // What jobs write may be anything: it is for the server's eyes alone.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|error| cannot(&error))?;
    let store = LocalFileSystem::new_with_prefix(&path).map_err(|error| cannot(&error))?;
    // Rows are deleted once the object is there, so it must outlive a power cut.
    Ok(store.with_fsync(true).with_automatic_cleanup(true))
}

fn bucket(
    url: &Url,
    settings: impl IntoIterator<Item = (String, String)>,
) -> Result<PrefixStore<AmazonS3>, LogStoreError> {
    let retry = RetryConfig { max_retries: 3, retry_timeout: RETRIES, ..RetryConfig::default() };
    let known = settings.into_iter().filter_map(|(name, value)| {
        let key = name.strip_prefix("AWS_").and(name.to_lowercase().parse::<AmazonS3ConfigKey>().ok())?;
        Some((key, value))
    });
    let store = known
        .fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value))
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), "30s")
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), "10s")
        // Not every store that speaks S3 knows the deletion of many at once.
        .with_disable_bulk_delete(true)
        .with_retry(retry)
        .build()?;
    let prefix =
        Path::from_url_path(url.path()).map_err(|error| LogStoreError::Address(error.to_string()))?;
    Ok(PrefixStore::new(store, prefix))
}
