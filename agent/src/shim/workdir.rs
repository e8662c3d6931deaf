//! Whether a user may enter a directory, and what that is really called: asked by entering it as that user, in a process of its own.

use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use super::isolation::Identity;
use crate::attempt::JobUser;

/// The directory's own name, free of links, if this user may enter it; `None`: whoever this process is.
pub(super) fn entered(directory: &Path, user: Option<&JobUser>) -> io::Result<PathBuf> {
    let path = CString::new(directory.as_os_str().as_bytes()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let identity = user.map(Identity::from);
    let (mut told, mut tell) = io::pipe()?;
    // SAFETY: this process has one thread, so the child has all of its memory in order.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let answer = match enter(&path, identity.as_ref()) {
                Ok(name) => [vec![0; 4], name].concat(),
                Err(error) => error.raw_os_error().unwrap_or(libc::EINVAL).to_ne_bytes().to_vec(),
            };
            let _ = tell.write_all(&answer);
            // SAFETY: it ends this process and nothing else.
            unsafe { libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            drop(tell);
            let mut answer = Vec::new();
            told.read_to_end(&mut answer)?;
            reap(child);
            read_answer(answer)
        }
    }
}

fn enter(path: &CString, identity: Option<&Identity>) -> io::Result<Vec<u8>> {
    if let Some(identity) = identity {
        identity.assume()?;
    }
    nix::unistd::chdir(path.as_c_str())?;
    Ok(std::env::current_dir()?.into_os_string().into_vec())
}

fn reap(child: Pid) {
    while waitpid(child, None) == Err(nix::errno::Errno::EINTR) {}
}

/// Four bytes of an error's number, 0 for none, and then the name.
fn read_answer(answer: Vec<u8>) -> io::Result<PathBuf> {
    let Some((code, name)) = answer.split_first_chunk::<4>() else {
        return Err(io::Error::other("nobody answered"));
    };
    match i32::from_ne_bytes(*code) {
        0 => Ok(PathBuf::from(std::ffi::OsString::from_vec(name.to_vec()))),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}
