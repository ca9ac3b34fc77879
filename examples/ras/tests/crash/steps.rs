//! A program run system call by system call, and killed where one wishes.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::libc::{self, c_long, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A system call that changes what a disk has, or says what must be on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    thread: Pid,
    number: c_long,
    arguments: [u64; 3],
}

/// What is to happen at a call that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is made.
    Go,
    /// The program is killed before it.
    Kill,
    /// Only the first half of what is to be written is, then the program is killed.
    Tear,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exit(i32),
    Signal(Signal),
}

impl Call {
    /// The call, if it is one of those.
    fn of(thread: Pid, registers: &user_regs_struct) -> Option<Self> {
        let number = registers.orig_rax.cast_signed();
        let arguments = [registers.rdi, registers.rsi, registers.rdx];
        let call = Self { thread, number, arguments };
        // Standard output and error are not on a disk.
        let on_disk = || arguments[0] > 2;
        let makes = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
        match number {
            libc::SYS_write
            | libc::SYS_writev
            | libc::SYS_pwrite64
            | libc::SYS_pwritev
            | libc::SYS_pwritev2 => on_disk(),
            libc::SYS_open => makes(arguments[1]),
            libc::SYS_openat => makes(arguments[2]),
            number => CHANGES.contains(&number),
        }
        .then_some(call)
    }

    /// The file that it writes several bytes to, of which half can be written.
    pub(crate) fn writes(&self) -> Option<PathBuf> {
        let several = matches!(self.number, libc::SYS_write | libc::SYS_pwrite64) && self.arguments[2] > 1;
        // Of what is no file there is no path, and nothing to be torn.
        several.then(|| fs::read_link(self.descriptor()).ok())?
    }

    fn descriptor(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", self.thread, self.arguments[0]).into()
    }

    /// The descriptor that it puts on the disk, as a path; everything when it is `/`.
    pub(crate) fn syncs(&self) -> Option<PathBuf> {
        match self.number {
            libc::SYS_fsync | libc::SYS_fdatasync => Some(self.descriptor()),
            libc::SYS_sync | libc::SYS_syncfs => Some("/".into()),
            _ => None,
        }
    }
}

/// Calls that always count.
const CHANGES: &[c_long] = &[
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync,
    libc::SYS_syncfs,
    libc::SYS_sync_file_range,
    libc::SYS_msync,
    libc::SYS_creat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rmdir,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
];

/// Runs a program. `before` is asked at each call that counts, `after` is told when it has
/// been made.
pub(crate) fn run(
    program: &Path,
    arguments: &[String],
    mut before: impl FnMut(&Call) -> Then,
    mut after: impl FnMut(&Call),
) -> io::Result<End> {
    // It stops itself before it becomes the program: there is no call of the program's that is missed.
    let child = Command::new("/bin/sh")
        .args(["-c", "kill -STOP $$; exec \"$0\" \"$@\""])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let process = Pid::from_raw(child.id().cast_signed());
    waitpid(process, Some(WaitPidFlag::WUNTRACED))?;
    ptrace::seize(
        process,
        Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL,
    )?;
    kill(process, Signal::SIGCONT)?;

    // Threads inside a call, and the call if it is one that counts.
    let mut inside: HashMap<Pid, Option<Call>> = HashMap::new();
    let mut torn = None;
    loop {
        // Those of this thread alone: others step programs of their own.
        let (thread, signal) = match waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))? {
            WaitStatus::Exited(thread, code) if thread == process => return Ok(End::Exit(code)),
            WaitStatus::Signaled(thread, signal, _) if thread == process => return Ok(End::Signal(signal)),
            WaitStatus::PtraceSyscall(thread) => {
                // Gone, where another thread ended the process meanwhile.
                let Ok(mut registers) = ptrace::getregs(thread) else { continue };
                if let Some(call) = inside.remove(&thread) {
                    if let Some(call) = call {
                        after(&call);
                    }
                    if torn == Some(thread) {
                        kill(process, Signal::SIGKILL)?;
                    }
                } else if registers.rax.cast_signed() == -i64::from(libc::ENOSYS) {
                    let call = Call::of(thread, &registers);
                    if let Some(call) = &call {
                        match before(call) {
                            Then::Go => {}
                            Then::Kill => kill(process, Signal::SIGKILL)?,
                            Then::Tear => {
                                registers.rdx /= 2;
                                ptrace::setregs(thread, registers)?;
                                torn = Some(thread);
                            }
                        }
                    }
                    inside.insert(thread, call);
                }
                (thread, None)
            }
            WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
            WaitStatus::PtraceEvent(thread, ..) => (thread, None),
            _ => continue,
        };
        // A thread that was killed meanwhile cannot go on, and does not have to.
        let _ = ptrace::syscall(thread, signal);
    }
}
