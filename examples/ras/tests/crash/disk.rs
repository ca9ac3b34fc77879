//! What of a folder is on the disk: after a power cut nothing else is there.
//!
//! It is the worst that POSIX allows: a file has the bytes of its last `fsync`, a name is there or gone since the last
//! `fsync` of its folder, and nothing reaches the disk by itself. A folder that plays firmware's store is different:
//! what is taken from it is gone at once.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// All that is below a folder: the bytes of files, `None` for folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree(pub(crate) BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Tree {
    /// What is below a folder now.
    pub(crate) fn of(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.add(root, Path::new(""))?;
        Ok(tree)
    }

    fn add(&mut self, root: &Path, below: &Path) -> io::Result<()> {
        for entry in fs::read_dir(root.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.0.insert(path.clone(), None);
                self.add(root, &path)?;
            } else {
                self.0.insert(path, Some(fs::read(entry.path())?));
            }
        }
        Ok(())
    }

    /// Makes a folder have this below it, and nothing else.
    pub(crate) fn write(&self, root: &Path) -> io::Result<()> {
        if root.exists() {
            fs::remove_dir_all(root)?;
        }
        fs::create_dir_all(root)?;
        self.0.iter().try_for_each(|(path, bytes)| match bytes {
            Some(bytes) => fs::write(root.join(path), bytes),
            None => fs::create_dir(root.join(path)),
        })
    }

    /// The files below a folder of it.
    pub(crate) fn below(&self, folder: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(path, _)| path.starts_with(folder))
                .map(|(p, b)| (p.clone(), b.clone()))
                .collect(),
        )
    }
}

/// A file or folder, whatever its name.
type Inode = u64;

/// What is on the disk.
pub(crate) struct Disk {
    root: PathBuf,
    store: &'static str,
    files: HashMap<Inode, Vec<u8>>,
    folders: HashMap<Inode, BTreeMap<OsString, Inode>>,
    /// Held open, so that no new file gets the number of one that was removed.
    open: HashMap<Inode, File>,
}

impl Disk {
    /// All that is below a folder now, and the name of a store in it.
    pub(crate) fn of(root: &Path, store: &'static str) -> io::Result<Self> {
        let (files, folders, open) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut disk = Self { root: root.to_owned(), store, files, folders, open };
        disk.sync_all(root)?;
        Ok(disk)
    }

    /// What a file or folder has now is on the disk; with `/`, what all have.
    pub(crate) fn sync(&mut self, path: &Path) -> io::Result<()> {
        if path == Path::new("/") {
            return self.sync_all(&self.root.clone());
        }
        // A descriptor's path leads to the file, and names it though it was removed.
        if !fs::read_link(path).is_ok_and(|file| !file.starts_with(&self.root)) {
            self.note(path)?;
        }
        Ok(())
    }

    fn note(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.hold(path)?;
        if !path.is_dir() {
            self.files.insert(inode, fs::read(path)?);
            return Ok(());
        }
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let inode = self.hold(&entry.path())?;
            names.insert(entry.file_name(), inode);
            if entry.file_type()?.is_dir() {
                // A new folder is there, and what is made in it is not, until it is synced too.
                self.folders.entry(inode).or_default();
            }
        }
        self.folders.insert(inode, names);
        Ok(())
    }

    fn sync_all(&mut self, path: &Path) -> io::Result<()> {
        self.note(path)?;
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                self.sync_all(&entry?.path())?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, path: &Path) -> io::Result<Inode> {
        let file = File::open(path)?;
        let inode = file.metadata()?.ino();
        self.open.entry(inode).or_insert(file);
        Ok(inode)
    }

    /// What a power cut would leave now.
    pub(crate) fn after_power_cut(&self) -> io::Result<Tree> {
        let mut tree = Tree::default();
        self.add(&mut tree, fs::metadata(&self.root)?.ino(), Path::new(""));
        tree.0.retain(|path, _| !path.starts_with(self.store));
        tree.0.extend(Tree::of(&self.root)?.below(self.store).0);
        Ok(tree)
    }

    fn add(&self, tree: &mut Tree, folder: Inode, below: &Path) {
        for (name, inode) in &self.folders[&folder] {
            let path = below.join(name);
            if self.folders.contains_key(inode) {
                tree.0.insert(path.clone(), None);
                self.add(tree, *inode, &path);
            } else {
                // A file that was made and never synced is there, and empty.
                tree.0.insert(path, Some(self.files.get(inode).cloned().unwrap_or_default()));
            }
        }
    }
}
