//! Output files: their permissions, and links in their paths.
//!
//! Outputs contain kernel logs, which a machine may keep from its users. So an output is readable by its owner alone,
//! and by a group if one is given. A file that exists keeps its permissions.
//!
//! A new file is made exclusively: if its name is taken, also by a link, it is not made. An output's name may be a link
//! in a folder that only root or this program's user can write to. In any other folder a link is refused.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::{FlockOperation, Gid, OFlags, fchown, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

/// Where groups have their names (group(5)).
const GROUPS: &str = "/etc/group";

/// Links that are followed one after the other, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readers {
    /// Its owner.
    #[default]
    Owner,
    /// Its owner and this group.
    Group(Gid),
    /// Everybody.
    All,
}

impl Readers {
    /// The owner and a group, given by its name or number; the owner alone if none is given.
    pub fn of(group: Option<&str>) -> anyhow::Result<Self> {
        let Some(name) = group else { return Ok(Self::Owner) };
        if let Ok(number) = name.parse() {
            return Ok(Self::Group(Gid::from_raw(number)));
        }
        let groups = fs::read_to_string(GROUPS).context(GROUPS)?;
        let number = groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_named = fields.next() == Some(name);
            fields.nth(1)?.parse().ok().filter(|_| is_named)
        });
        number
            .map(|number| Self::Group(Gid::from_raw(number)))
            .with_context(|| format!("--group {name}: {GROUPS} has no such group; a number is taken too"))
    }

    /// Gives a new file or folder its permissions: `all` of these bits, as far as they are for these readers.
    fn give(self, file: &File, all: u32) -> io::Result<()> {
        let mode = match self {
            Self::Owner => 0o700,
            Self::Group(group) => {
                fchown(file, None, Some(group))?;
                0o750
            }
            Self::All => 0o755,
        };
        file.set_permissions(fs::Permissions::from_mode(mode & all))
    }

    /// Makes a new file, for reading and writing.
    pub fn make(self, path: &Path) -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        if self != Self::Owner {
            self.give(&file, 0o666)?;
        }
        Ok(file)
    }

    /// Opens a file for reading and writing, or makes it.
    pub fn open(self, path: &Path) -> io::Result<File> {
        let Place { path, flags } = Place::of(path)?;
        let open = || OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path);
        let opened = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => match self.make(&path) {
                // Another run was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => open(),
                made => made,
            },
            opened => opened,
        };
        opened.map_err(no_link)
    }

    /// Makes a folder and those above it. All are on the disk when this returns, also folders that an earlier run made
    /// and did not live to put there.
    pub fn make_folder(self, path: &Path) -> io::Result<()> {
        let above = |path: &Path| match path.parent() {
            Some(above) if above.as_os_str().is_empty() => PathBuf::from("."),
            Some(above) => above.to_owned(),
            None => PathBuf::from("/"),
        };
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
            .collect();
        for folder in missing.into_iter().rev() {
            fs::DirBuilder::new().mode(0o700).create(folder).or_else(|error| match error.kind() {
                ErrorKind::AlreadyExists if folder.is_dir() => Ok(()),
                _ => Err(error),
            })?;
            if self != Self::Owner {
                self.give(&File::open(folder)?, 0o777)?;
            }
        }
        for folder in path.ancestors().take_while(|folder| !folder.as_os_str().is_empty()) {
            match File::open(above(folder)) {
                Ok(folder) => folder.sync_all()?,
                // A folder that this user may not read was not made by this program.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The place of a file, once links that may be followed are followed.
#[derive(Debug)]
pub struct Place {
    /// Its path.
    pub path: PathBuf,
    /// The flag with which opening fails if the path has become a link.
    pub flags: i32,
}

impl Place {
    /// The place that a path leads to.
    pub fn of(path: &Path) -> io::Result<Self> {
        let flags = flags(OFlags::NOFOLLOW);
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink()) {
                return Ok(Self { path, flags });
            }
            let folder = fs::canonicalize(folder_of(&path))?;
            // `/dev/stdout` and the like: a descriptor of this process, which no path leads to.
            if folder.starts_with("/proc") {
                return Ok(Self { path, flags: 0 });
            }
            let metadata = fs::metadata(&folder)?;
            let is_ours = metadata.uid() == 0 || metadata.uid() == geteuid().as_raw();
            if !is_ours || metadata.mode() & 0o022 != 0 {
                let error = "it is a link, in a folder that others can write to: it is not followed";
                return Err(io::Error::new(ErrorKind::PermissionDenied, error));
            }
            path = folder.join(fs::read_link(&path)?);
        }
        Err(Errno::LOOP.into())
    }
}

/// What makes two paths one file: its device and inode, or for a file that is yet to be made its folder's and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    name: Option<OsString>,
}

impl Identity {
    /// The identity of the file that a path leads to; `None` for what holds nothing, as a device, pipe or folder, and
    /// where no file can be made.
    pub fn of(path: &Path) -> Option<Self> {
        let of = |metadata: &fs::Metadata, name| Self { device: metadata.dev(), inode: metadata.ino(), name };
        match fs::metadata(path) {
            Ok(metadata) => metadata.is_file().then(|| of(&metadata, None)),
            Err(_) => {
                let path = Place::of(path).ok()?.path;
                Some(of(&fs::metadata(folder_of(&path)).ok()?, Some(path.file_name()?.to_owned())))
            }
        }
    }
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// For a link that is not followed the system says "too many levels of symbolic links".
fn no_link(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => {
            io::Error::new(error.kind(), "it is a link, which is not followed")
        }
        _ => error,
    }
}

/// Opens for writing a file that a killed run may have left; `None` if there is none. Fails if it is anything but a
/// file of this user under one name.
pub fn open_left_over(path: &Path) -> io::Result<Option<File>> {
    let flags = flags(OFlags::NOFOLLOW | OFlags::NONBLOCK);
    let file = match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(no_link(error)),
    };
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() <= 1 && metadata.uid() == geteuid().as_raw() {
        return Ok(Some(file));
    }
    Err(io::Error::new(ErrorKind::PermissionDenied, "it is not what an earlier run left: remove it"))
}

/// Keeps other runs from a file or folder for as long as it is open.
pub fn lock(file: &File) -> io::Result<()> {
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| match errno {
        Errno::WOULDBLOCK => io::Error::new(ErrorKind::ResourceBusy, BUSY),
        _ => errno.into(),
    })
}

/// The error for a file that another run has locked.
pub const BUSY: &str = "another run is writing to it";

/// Whether something failed because another run has it.
pub fn is_busy(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    kinds.map(io::Error::kind).any(|kind| kind == ErrorKind::ResourceBusy)
}

/// Puts the names in a file's folder on the disk.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Flags as `OpenOptions` takes them.
// The flags are a C `int` on every system.
#[allow(clippy::cast_possible_wrap)]
const fn flags(flags: OFlags) -> i32 {
    flags.bits() as i32
}
