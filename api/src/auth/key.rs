//! The Ed25519 key of a data directory: made once, kept in a file that only its owner reads, used to sign tokens.
//!
//! The private key never leaves this file's types. Public keys do, so that servers which share a database can verify
//! each other's tokens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::claims::Claims;

/// The file of the private key within the data directory: PKCS#8 in PEM, mode 0600.
pub const KEY_FILE: &str = "token-signing-key.pem";

const PRIVATE_TAG: &str = "PRIVATE KEY";
const PUBLIC_TAG: &str = "PUBLIC KEY";

/// What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum AuthSetupError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others can read the private key.
    #[error("{path} can be read by others (mode {mode:04o}); make it 0600, or delete it to get a new key")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{path} is not an Ed25519 private key in PKCS#8 PEM")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A public key that is none.
    #[error("not an Ed25519 public key in PEM")]
    MalformedPublicKey,
    /// The system gave no random bytes.
    #[error("the system's random number generator failed")]
    Random,
    /// The token could not be made.
    #[error("a token lives at least a second and at most {} days", super::MAX_TTL.as_secs() / 86_400)]
    TimeToLive,
    /// The token could not be signed.
    #[error("signing a token failed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// A key that signs tokens.
pub struct SigningKey {
    encoding: EncodingKey,
    public: PublicKey,
}

impl SigningKey {
    /// The key of the data directory `dir`, made if there is none yet.
    ///
    /// # Errors
    /// When the file cannot be used, or others could read it.
    pub fn load_or_create(dir: &Path) -> Result<Self, AuthSetupError> {
        let path = dir.join(KEY_FILE);
        match load(&path) {
            Err(AuthSetupError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(dir, &path)?;
                load(&path)
            }
            loaded => loaded,
        }
    }

    /// The id that tokens of this key carry.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.public.key_id()
    }

    /// What others need to verify this key's tokens.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// A signed token that says `claims`.
    ///
    /// # Errors
    /// When the claims live too long or cannot be signed.
    pub fn mint(&self, claims: &Claims) -> Result<String, AuthSetupError> {
        if !claims.has_bounded_life() {
            return Err(AuthSetupError::TimeToLive);
        }
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.key_id().to_owned());
        Ok(jsonwebtoken::encode(&header, claims, &self.encoding)?)
    }

    fn from_pkcs8(document: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(document).ok()?;
        let public = PublicKey::from_raw(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { encoding: EncodingKey::from_ed_der(document), public })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

/// A key that verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    raw: [u8; 32],
    id: String,
}

impl PublicKey {
    /// Reads the form that [`PublicKey::to_pem`] writes.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_pem(text: &str) -> Result<Self, AuthSetupError> {
        let document = pem::parse(text).map_err(|_| AuthSetupError::MalformedPublicKey)?;
        let raw = document
            .contents()
            .strip_prefix(&SPKI_PREFIX)
            .filter(|_| document.tag() == PUBLIC_TAG)
            .and_then(|raw| raw.try_into().ok());
        raw.map(Self::from_raw).ok_or(AuthSetupError::MalformedPublicKey)
    }

    /// SubjectPublicKeyInfo in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode(&pem::Pem::new(PUBLIC_TAG, [&SPKI_PREFIX[..], &self.raw[..]].concat()))
    }

    /// The id that tokens of this key carry: the beginning of the hash of the key itself.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.id
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        DecodingKey::from_ed_der(&self.raw)
    }

    fn from_raw(raw: [u8; 32]) -> Self {
        let id = Sha256::digest(raw).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { raw, id }
    }
}

fn load(path: &Path) -> Result<SigningKey, AuthSetupError> {
    let failed = |source| AuthSetupError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthSetupError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(failed)?;
    pem::parse(&text)
        .ok()
        .filter(|document| document.tag() == PRIVATE_TAG)
        .and_then(|document| SigningKey::from_pkcs8(document.contents()))
        .ok_or_else(|| AuthSetupError::Malformed { path: path.to_owned() })
}

/// Writes a new key beside its final place and links it there, so that the file is whole or absent at every moment and
/// of two processes that start together the slower one takes the key of the faster one.
fn create(dir: &Path, path: &Path) -> Result<(), AuthSetupError> {
    let failed = |source| AuthSetupError::Io { path: path.to_owned(), source };
    let pair = Ed25519KeyPair::generate().map_err(|_| AuthSetupError::Random)?;
    let document = pair.to_pkcs8v1().map_err(|_| AuthSetupError::Random)?;
    let text = pem::encode(&pem::Pem::new(PRIVATE_TAG, document.as_ref()));
    let draft = dir.join(format!(".{KEY_FILE}.{}", Uuid::now_v7()));
    let written = write_private(&draft, text.as_bytes()).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let cleared = fs::remove_file(&draft);
    written.and(cleared).and_then(|()| File::open(dir)?.sync_all()).map_err(failed)
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn a_second_start_finds_the_same_key() {
        let dir = tempfile::tempdir().unwrap();
        let first = SigningKey::load_or_create(dir.path()).unwrap();
        let second = SigningKey::load_or_create(dir.path()).unwrap();
        assert_eq!(first.public_key(), second.public_key());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left behind");
        let mode = fs::metadata(dir.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn many_starts_at_once_agree_on_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let ids: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| SigningKey::load_or_create(dir.path()).unwrap().key_id().to_owned()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        SigningKey::load_or_create(dir.path()).unwrap();
        let path = dir.path().join(KEY_FILE);
        for mode in [0o640, 0o604] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = SigningKey::load_or_create(dir.path()).unwrap_err();
            assert!(matches!(refusal, AuthSetupError::Exposed { .. }), "{refusal}");
        }
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        write_private(&dir.path().join(KEY_FILE), b"not a key").unwrap();
        let refusal = SigningKey::load_or_create(dir.path()).unwrap_err();
        assert!(matches!(refusal, AuthSetupError::Malformed { .. }), "{refusal}");
        assert_eq!(fs::read(dir.path().join(KEY_FILE)).unwrap(), b"not a key");
    }

    #[test]
    fn a_public_key_survives_its_text_form() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::load_or_create(dir.path()).unwrap();
        assert_eq!(&PublicKey::from_pem(&key.public_key().to_pem()).unwrap(), key.public_key());
        assert!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").is_err());
        assert!(PublicKey::from_pem("").is_err());
    }
}
