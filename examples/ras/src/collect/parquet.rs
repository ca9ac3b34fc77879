//! `--parquet`: the table of `schema` in one file of the format that DuckDB, Spark, Trino and DataFusion read.
//!
//! A Parquet file cannot be appended to. A run writes a new file beside the old one, copies the row groups, adds its
//! own, and replaces the old file once the new one is on the disk: a reader sees the old rows or all rows. A run that
//! finds nothing new leaves the file alone.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use super::known::Known;
use super::replace::Replacement;
use super::schema::{COLUMNS, Column, Of, PART_KEY, Row};
use super::{Added, Collected, Key, Record, Sink};
use crate::output_files::Readers;

/// The most rows of a row group: many enough for columns to be worth their overhead, few enough to hold in memory.
const GROUP_ROWS: usize = if cfg!(test) { 8 } else { 1 << 16 };

/// The most bytes of text and sections in a row group.
const GROUP_BYTES: usize = 32 << 20;

/// A Parquet file that gains rows.
pub struct Parquet {
    path: PathBuf,
    old: Option<SerializedFileReader<File>>,
    /// Digests of the events that it has rows of.
    known: Known,
    /// The new file, before it is begun.
    replacement: Option<Replacement>,
    new: Option<SerializedFileWriter<BufWriter<Replacement>>>,
    held: Held,
}

impl std::fmt::Debug for Parquet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parquet").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Parquet {
    /// Opens the file at this path, which need not exist. Fails if it is not a table of ours, or if another run is
    /// adding to it.
    pub fn open(path: &Path, readers: Readers) -> anyhow::Result<Self> {
        Self::try_open(path, readers).map_err(plain).context("cannot add to it")
    }

    fn try_open(path: &Path, readers: Readers) -> Result<Self> {
        // First, so that no other run replaces the file that is read here.
        let replacement = Replacement::of(path, readers)?;
        let old = match File::open(path) {
            Ok(file) => Some(SerializedFileReader::new(file)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let known = old.as_ref().map_or(Ok(Known::default()), keys)?;
        Ok(Self {
            path: path.to_owned(),
            old,
            known,
            replacement: Some(replacement),
            new: None,
            held: Held::new(),
        })
    }

    fn try_add(&mut self, collected: &Collected<'_, '_>) -> Result<Added> {
        let mut new: Vec<Record<'_>> = Vec::new();
        for record in collected.records {
            if self.known.insert(record.key.digest)? {
                new.push(*record);
            }
        }
        if new.is_empty() {
            return Ok(Added::Known);
        }
        self.begin()?;
        Row::each(collected, |record| new.iter().any(|new| new.key == record.key), |row| self.held.push(row));
        if self.held.is_full() {
            self.flush()?;
        }
        Ok(Added::New)
    }

    fn try_commit(mut self) -> Result<()> {
        self.flush()?;
        match (self.new, self.replacement) {
            (Some(new), _) => {
                new.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.commit()?;
            }
            // Nothing was new.
            (None, Some(replacement)) => replacement.leave()?,
            (None, None) => {}
        }
        Ok(())
    }

    /// Begins the new file, if it is not begun, with the rows of the old one. A small last row group of the old file is
    /// held, to be written with the new rows.
    fn begin(&mut self) -> Result<()> {
        let Some(replacement) = self.replacement.take() else { return Ok(()) };
        let new = SerializedFileWriter::new(BufWriter::new(replacement), message(COLUMNS)?, properties())?;
        let new = self.new.insert(new);
        let Some(old) = &self.old else { return Ok(()) };
        for number in 0..old.num_row_groups() {
            let group = old.get_row_group(number)?;
            let last = number + 1 == old.num_row_groups();
            if last && rows_of(&*group) < GROUP_ROWS / 2 {
                self.held.read(&*group)?;
            } else {
                copy(&self.path, &*group, new.next_row_group()?)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if let (Some(new), true) = (&mut self.new, self.held.rows > 0) {
            self.held.write(new.next_row_group()?)?;
            self.held = Held::new();
        }
        Ok(())
    }
}

impl Sink for Parquet {
    fn name(&self) -> String {
        format!("Parquet file {}", self.path.display())
    }

    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added> {
        self.try_add(collected).map_err(plain).context("cannot add to it")
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        self.try_commit().map_err(plain).context("cannot put the new file in its place")
    }
}

/// The system's error without the library's prefix.
fn plain(error: ParquetError) -> anyhow::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => anyhow::anyhow!(error.to_string()),
        },
        error => error.into(),
    }
}

/// The events in a file. The columns of an older version are the first of ours.
fn keys(old: &SerializedFileReader<File>) -> Result<Known> {
    let not_ours = |what| ParquetError::General(format!("it is not a table of `ras collect`: {what}"));
    let ours = message(COLUMNS)?;
    let theirs = old.metadata().file_metadata().schema();
    if theirs.get_fields().is_empty() || !ours.get_fields().starts_with(theirs.get_fields()) {
        return Err(not_ours("its columns are others"));
    }
    let mut known = Known::default();
    for group in 0..old.num_row_groups() {
        let group = old.get_row_group(group)?;
        // A part of a log has a key of its own.
        for place in [0, PART_KEY].into_iter().filter(|place| *place < group.num_columns()) {
            let mut cells = Cells::of(COLUMNS[place].of);
            cells.read(&*group, place)?;
            let Values::Bytes(keys) = cells.values else { continue };
            for key in keys {
                let key: Option<Key> = key.as_utf8()?.parse().ok();
                known.insert(key.ok_or_else(|| not_ours("a key is none"))?.digest)?;
            }
        }
    }
    Ok(known)
}

/// The table as a Parquet schema.
fn message(columns: &[Column]) -> Result<TypePtr> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.of {
            Of::Text(_) => ("BYTE_ARRAY", " (STRING)"),
            Of::Json(_) => ("BYTE_ARRAY", " (JSON)"),
            Of::Bytes(_) => ("BYTE_ARRAY", ""),
            Of::Bool(_) => ("BOOLEAN", ""),
            Of::Small(_) => ("INT32", ""),
            Of::Long(_) => ("INT64", ""),
            Of::Wide(_) => ("INT64", " (INTEGER(64, false))"),
            Of::Time(_) => ("INT64", " (TIMESTAMP(MICROS, true))"),
        };
        format!("OPTIONAL {physical} {}{logical};", column.name)
    });
    Ok(Arc::new(parse_message_type(&format!("message event {{ {} }}", fields.collect::<String>()))?))
}

fn properties() -> WriterPropertiesPtr {
    // The file describes its columns itself.
    let about = |column: &Column| KeyValue::new(column.name.into(), column.about.to_owned());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("ras ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(COLUMNS.iter().map(about).collect()))
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    // Values that differ from row to row need no dictionary and no statistics.
    for name in ["fields", "bytes", "log_text"] {
        let column = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    Arc::new(properties.set_column_dictionary_enabled("key".into(), false).build())
}

/// Copies a row group as it is; columns that it does not have yet are null.
fn copy<W: io::Write + Send>(
    path: &Path,
    old: &dyn RowGroupReader,
    mut new: SerializedRowGroupWriter<'_, W>,
) -> Result<()> {
    let file = File::open(path)?;
    let rows = rows_of(old);
    for (place, column) in COLUMNS.iter().enumerate() {
        let Some(metadata) = old.metadata().columns().get(place) else {
            let mut cells = Cells::of(column.of);
            cells.levels.resize(rows, 0);
            cells.write(&mut new)?;
            continue;
        };
        let chunk = ColumnCloseResult {
            bytes_written: metadata.compressed_size().try_into().unwrap_or_default(),
            rows_written: rows as u64,
            metadata: metadata.clone(),
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        new.append_column(&file, chunk)?;
    }
    new.close()?;
    Ok(())
}

fn rows_of(group: &dyn RowGroupReader) -> usize {
    group.metadata().num_rows().try_into().unwrap_or_default()
}

/// Rows that are not written yet.
struct Held {
    columns: Vec<Cells>,
    rows: usize,
    bytes: usize,
}

impl Held {
    fn new() -> Self {
        Self { columns: COLUMNS.iter().map(|column| Cells::of(column.of)).collect(), rows: 0, bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES
    }

    fn push(&mut self, row: &Row<'_>) {
        for (cells, column) in self.columns.iter_mut().zip(COLUMNS) {
            self.bytes += cells.push(column.of, row);
        }
        self.rows += 1;
    }

    fn read(&mut self, group: &dyn RowGroupReader) -> Result<()> {
        self.rows += rows_of(group);
        for (place, cells) in self.columns.iter_mut().enumerate() {
            if place < group.num_columns() {
                self.bytes += cells.read(group, place)?;
            } else {
                cells.levels.resize(self.rows, 0);
            }
        }
        Ok(())
    }

    fn write<W: io::Write + Send>(&self, mut group: SerializedRowGroupWriter<'_, W>) -> Result<()> {
        for cells in &self.columns {
            cells.write(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
}

/// Rows of a column.
struct Cells {
    values: Values,
    /// 1 for a row that has a value, 0 for null.
    levels: Vec<i16>,
}

/// Values by the type they are stored as.
enum Values {
    Bytes(Vec<ByteArray>),
    Bool(Vec<bool>),
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
}

impl Cells {
    fn of(of: Of) -> Self {
        let values = match of {
            Of::Text(_) | Of::Json(_) | Of::Bytes(_) => Values::Bytes(Vec::new()),
            Of::Bool(_) => Values::Bool(Vec::new()),
            Of::Small(_) => Values::Narrow(Vec::new()),
            Of::Long(_) | Of::Wide(_) | Of::Time(_) => Values::Wide(Vec::new()),
        };
        Self { values, levels: Vec::new() }
    }

    // Parquet stores unsigned numbers in the bits of signed ones; small ones are below 2^31.
    #[allow(clippy::cast_possible_wrap)]
    /// Adds a row's value; returns its bytes outside of the vectors.
    fn push(&mut self, of: Of, row: &Row<'_>) -> usize {
        let before = self.values.len();
        match (&mut self.values, of) {
            (Values::Bytes(values), Of::Text(text) | Of::Json(text)) => {
                values.extend(text(row).map(|text| ByteArray::from(text.into_owned().into_bytes())));
            }
            (Values::Bytes(values), Of::Bytes(bytes)) => {
                values.extend(bytes(row).map(|bytes| ByteArray::from(bytes.to_vec())));
            }
            (Values::Bool(values), Of::Bool(bool)) => values.extend(bool(row)),
            (Values::Narrow(values), Of::Small(number)) => {
                values.extend(number(row).map(|number| number as i32));
            }
            (Values::Wide(values), Of::Long(number) | Of::Wide(number)) => {
                values.extend(number(row).map(|number| number as i64));
            }
            (Values::Wide(values), Of::Time(seconds)) => {
                values.extend(seconds(row).map(|seconds| seconds * 1_000_000));
            }
            _ => unreachable!("`of` made values of its own type"),
        }
        self.levels.push(i16::from(self.values.len() > before));
        self.values.held(before)
    }

    /// Adds the rows of a group that was written; returns what `push` does.
    fn read(&mut self, group: &dyn RowGroupReader, place: usize) -> Result<usize> {
        let (before, reader, levels) = (self.values.len(), group.get_column_reader(place)?, &mut self.levels);
        let rows = rows_of(group);
        match &mut self.values {
            Values::Bytes(values) => read::<ByteArrayType>(reader, rows, values, levels)?,
            Values::Bool(values) => read::<BoolType>(reader, rows, values, levels)?,
            Values::Narrow(values) => read::<Int32Type>(reader, rows, values, levels)?,
            Values::Wide(values) => read::<Int64Type>(reader, rows, values, levels)?,
        }
        Ok(self.values.held(before))
    }

    /// Writes the next column of a row group.
    fn write<W: io::Write + Send>(&self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        match &self.values {
            Values::Bytes(values) => write::<ByteArrayType, W>(group, values, &self.levels),
            Values::Bool(values) => write::<BoolType, W>(group, values, &self.levels),
            Values::Narrow(values) => write::<Int32Type, W>(group, values, &self.levels),
            Values::Wide(values) => write::<Int64Type, W>(group, values, &self.levels),
        }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Narrow(values) => values.len(),
            Self::Wide(values) => values.len(),
        }
    }

    /// Bytes of the values from this one on, outside of the vector.
    fn held(&self, from: usize) -> usize {
        match self {
            Self::Bytes(values) => values[from..].iter().map(ByteArray::len).sum(),
            _ => 0,
        }
    }
}

fn read<T: DataType>(
    reader: ColumnReader,
    rows: usize,
    values: &mut Vec<T::T>,
    levels: &mut Vec<i16>,
) -> Result<()> {
    let mut reader: ColumnReaderImpl<T> = get_typed_column_reader(reader);
    let mut left = rows;
    while left > 0 {
        let (records, _, _) = reader.read_records(left, Some(levels), None, values)?;
        if records == 0 {
            return Err(ParquetError::General("a column ends before its row group".into()));
        }
        left -= records;
    }
    Ok(())
}

fn write<T: DataType, W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: &[i16],
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the table has".into()));
    };
    column.typed::<T>().write_batch(values, Some(levels), None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::collect::samples::{Folder, collected};

    const FILES: [&str; 3] = ["erst-images/mce-intel.img", "erst-images/syn.img", "gesb/mem-ce-ddr.gesb"];

    fn run(path: &Path, files: &[&str]) -> Vec<Added> {
        let (mut table, mut added) = (Parquet::open(path, Readers::Owner).unwrap(), Vec::new());
        collected(files, |event| added.push(table.add(event).unwrap()));
        Box::new(table).commit().unwrap();
        added
    }

    fn open(path: &Path) -> SerializedFileReader<File> {
        SerializedFileReader::new(File::open(path).unwrap()).unwrap()
    }

    fn rows(path: &Path) -> Vec<String> {
        open(path).get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
    }

    #[test]
    fn a_file_gains_rows_and_keeps_those_it_has() {
        let folder = Folder::new("parquet");
        let (once, thrice) = (folder.0.join("once"), folder.0.join("thrice"));
        let added = run(&once, &FILES);
        assert!(added.iter().all(|added| *added == Added::New), "{added:?}");
        assert!(rows(&once).len() > GROUP_ROWS);

        run(&thrice, &FILES[..1]);
        let before = fs::read(&thrice).unwrap();
        assert!(run(&thrice, &FILES[..1]).iter().all(|added| *added == Added::Known));
        assert_eq!(fs::read(&thrice).unwrap(), before, "nothing was new");
        run(&thrice, &FILES[..2]);
        run(&thrice, &FILES);
        assert_eq!(rows(&thrice), rows(&once));
        let groups = open(&thrice).metadata().num_row_groups();
        assert!(groups <= rows(&once).len() / (GROUP_ROWS / 2) + 1, "{groups} row groups");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "no temporary file stays");
    }

    #[test]
    fn a_file_of_an_older_version_is_null_in_new_columns() {
        let folder = Folder::new("parquet-old");
        let (new, old) = (folder.0.join("new"), folder.0.join("old"));
        run(&new, &FILES[1..2]);
        let reader = open(&new);
        let file = File::create(&old).unwrap();
        let mut writer =
            SerializedFileWriter::new(file, message(&COLUMNS[..10]).unwrap(), properties()).unwrap();
        for number in 0..reader.num_row_groups() {
            let mut group = writer.next_row_group().unwrap();
            for (place, column) in COLUMNS[..10].iter().enumerate() {
                let mut cells = Cells::of(column.of);
                cells.read(&*reader.get_row_group(number).unwrap(), place).unwrap();
                cells.write(&mut group).unwrap();
            }
            group.close().unwrap();
        }
        writer.close().unwrap();

        let added = run(&old, &FILES[1..]);
        assert_eq!(added.iter().filter(|added| **added == Added::New).count(), 1, "{added:?}");
        let (new, old) = (rows(&new), rows(&old));
        assert_eq!(old.len(), new.len() + 1);
        for (new, old) in new.iter().zip(&old) {
            let kept = new.split(", kind: ").next().unwrap();
            assert!(old.starts_with(kept) && old.contains("bytes: null"), "{old}");
        }
        assert!(!old[new.len()].contains("bytes: null"));
    }

    #[test]
    fn what_is_no_table_of_ours_is_left_alone() {
        let folder = Folder::new("parquet-foreign");
        let path = folder.0.join("file");
        let foreign = parse_message_type("message foreign { REQUIRED INT32 key; }").unwrap();
        let writer = SerializedFileWriter::new(File::create(&path).unwrap(), Arc::new(foreign), properties());
        writer.unwrap().close().unwrap();
        let foreign = fs::read(&path).unwrap();
        for bytes in [&b"no table"[..], &[], &foreign] {
            fs::write(&path, bytes).unwrap();
            let error = format!("{:#}", Parquet::open(&path, Readers::Owner).unwrap_err());
            assert!(error.starts_with("cannot add to it: "), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = Folder::new("parquet-lock");
        let path = folder.0.join("file");
        let first = Parquet::open(&path, Readers::Owner).unwrap();
        let error = format!("{:#}", Parquet::open(&path, Readers::Owner).unwrap_err());
        assert!(error.ends_with("another run is writing to it"), "{error}");
        drop(first);
        Parquet::open(&path, Readers::Owner).unwrap();
    }
}
