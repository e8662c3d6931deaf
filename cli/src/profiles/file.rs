//! The file of profiles: its owner's alone, and replaced as a whole.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::Profiles;
use crate::client::Failure;

/// Larger than any file that was written here.
const MOST_BYTES: u64 = 1 << 20;

/// Reads it; no file is no profile.
pub(super) fn read(folder: &Path, path: &Path) -> Result<Profiles, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Profiles::default()),
        Err(error) => return Err(failed("read", path, &error)),
    };
    let metadata = file.metadata().map_err(|error| failed("read", path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::Usage(format!(
            "others can read the tokens in {} (mode {mode:o}): run chmod 600 {}, and take back those that may have been read",
            path.display(),
            quoted(path)
        )));
    }
    others_cannot_write(folder)?;
    if metadata.len() > MOST_BYTES {
        return Err(Failure::Usage(format!("{} is too large to be a file of profiles", path.display())));
    }
    let text = std::io::read_to_string(file).map_err(|error| failed("read", path, &error))?;
    toml::from_str(&text).map_err(|error| {
        // The text itself is not repeated: tokens stand in it.
        Failure::Usage(format!(
            "{} cannot be read ({}): mend it, or remove it and sign in again with gpu-fleet login",
            path.display(),
            error.message()
        ))
    })
}

/// Whoever may write to the folder may put another file in the place of this one.
fn others_cannot_write(folder: &Path) -> Result<(), Failure> {
    let metadata = std::fs::metadata(folder).map_err(|error| failed("read", folder, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "others can write to the folder {} (mode {mode:o}): run chmod 700 {}",
        folder.display(),
        quoted(folder)
    )))
}

/// Takes the folder for one change; the lock goes with the file.
pub(super) fn lock(folder: &Path) -> Result<File, Failure> {
    let make = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    make.map_err(|error| failed("make", folder, &error))?;
    let path = folder.join("lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = open.map_err(|error| failed("write", &path, &error))?;
    file.lock().map_err(|error| failed("lock", &path, &error))?;
    Ok(file)
}

/// Replaces it: whoever reads meanwhile reads the old one, and a full disk leaves that one in place.
pub(super) fn write(folder: &Path, path: &Path, profiles: &Profiles) -> Result<(), Failure> {
    let text = toml::to_string(profiles)
        .map_err(|error| Failure::Other(format!("cannot write {}: {error}", path.display())))?;
    let write = || -> std::io::Result<()> {
        // A temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| failed("write", path, &error))
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("cannot {what} {}: {error}", path.display()))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    crate::output::describe::quoted(&path.display().to_string())
}
