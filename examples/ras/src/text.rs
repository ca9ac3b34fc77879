//! Writes events for people: the headlines, then the details of each. On a terminal [`crate::screen`] orders them.

use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use cper::fields::Fields;
use cper::{Calendar, Guid, RecordFlags, SectionFlags};
use pstore_format::dmesg;

use crate::event::{Event, Grade};
use crate::excerpt;
use crate::fields;
use crate::found::{Content, Log, Part, Piece, Section, What, padding};
use crate::names::SectionNames;
use crate::not_valid::NotValid;
use crate::printable::Printable;
use crate::raw_text;
use crate::summary::{self, count};
use crate::tally::Tally;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The headlines alone.
    Lines,
    /// The headlines, then the details.
    Normal,
    /// All of it, and the raw fields and bytes.
    Raw,
}

/// Writes for people.
#[derive(Debug)]
pub struct Text {
    /// How much is shown.
    pub detail: Detail,
    /// Columns of the terminal, if it is one.
    pub columns: Option<usize>,
    /// Whether the severity of an event has a colour.
    pub color: bool,
    /// The text before a headline.
    pub prefix: fn(Grade) -> &'static str,
    /// How a time is written.
    pub time: fn(Calendar) -> String,
    /// Whether kernel logs are cut to the lines that matter.
    pub cut_logs: bool,
}

/// Columns where there is no terminal.
const WIDTH: usize = 80;

/// Lines longer than this are hard to read.
const WIDEST: usize = 110;

/// The last column in which the value of a field begins.
const VALUES: usize = 36;

/// What block status 0 means.
const READ_AT_BOOT: &str = "the kernel has read the block at boot, and printed or skipped it";

/// Colour shows the severity and nothing else.
const fn style(grade: Grade) -> Style {
    match grade {
        Grade::Fatal => AnsiColor::Red.on_default().bold(),
        Grade::Recoverable | Grade::Reserved(_) => AnsiColor::Yellow.on_default().bold(),
        Grade::Corrected => AnsiColor::Green.on_default(),
        Grade::Informational => AnsiColor::Cyan.on_default(),
        Grade::Bad => AnsiColor::Magenta.on_default().bold(),
    }
}

impl Text {
    fn width(&self) -> usize {
        self.columns.unwrap_or(WIDTH).clamp(40, WIDEST)
    }

    /// Writes what a file or folder is, and the events in it.
    pub fn group(
        &self,
        out: &mut dyn Write,
        title: &str,
        events: &[&Event<'_>],
        name_files: bool,
    ) -> io::Result<()> {
        if self.detail > Detail::Lines {
            writeln!(out, "{title}")?;
            if !events.is_empty() {
                writeln!(out)?;
            }
        }
        let label = self.label(events.iter().flat_map(|event| &event.lines).map(|(grade, _)| *grade));
        for event in events {
            let mut context = event.times(self.time);
            context.extend(self.facts(event, name_files));
            self.event(out, event.shown_lines(), &context, label)?;
        }
        if self.detail > Detail::Lines {
            for event in events {
                self.details(out, event)?;
            }
        }
        Ok(())
    }

    /// An event alone: its lines, and what is behind them.
    pub fn single(&self, out: &mut dyn Write, event: &Event<'_>) -> io::Result<()> {
        let label = self.label(event.lines.iter().map(|(grade, _)| *grade));
        let mut context = event.times(self.time);
        context.extend(self.facts(event, false));
        self.event(out, event.shown_lines(), &context, label)?;
        if self.detail > Detail::Lines && !matches!(event.found.what, What::Bad(_)) {
            self.details(out, event)?;
            writeln!(out)?;
        }
        Ok(())
    }

    /// The width of the labels in front of lines of these severities.
    pub(crate) fn label(&self, grades: impl Iterator<Item = Grade>) -> usize {
        let widest = match self.detail {
            // Without details, the lines of several files stand below each other.
            Detail::Lines => Grade::Recoverable.label().len(),
            _ => grades.map(|grade| grade.label().len()).max().unwrap_or(0).max(Grade::Fatal.label().len()),
        };
        widest + 2
    }

    /// The facts of all lines of an event, without the time, and the file's name where it is wanted.
    pub(crate) fn facts(&self, event: &Event<'_>, name_file: bool) -> Vec<String> {
        let mut facts = event.facts();
        if name_file && !event.times(self.time).is_empty() {
            facts.push(Printable(event.found.place.file.as_bytes()).to_string());
        }
        facts
    }

    /// The lines of an event, and the facts of all of them.
    pub(crate) fn event<'l>(
        &self,
        out: &mut dyn Write,
        lines: impl Iterator<Item = &'l (Grade, String)>,
        context: &[String],
        label: usize,
    ) -> io::Result<()> {
        let context = context.join(" \u{b7} ");
        for (grade, line) in lines {
            let style = if self.color { style(*grade) } else { Style::new() };
            let prefix = (self.prefix)(*grade);
            write!(out, "{prefix}{style}{:label$}{style:#}", grade.label())?;
            if self.detail == Detail::Lines && !context.is_empty() {
                self.wrapped(out, &format!("{line} \u{b7} {context}"), label)?;
            } else {
                self.wrapped(out, line, label)?;
            }
        }
        if self.detail > Detail::Lines && !context.is_empty() {
            write!(out, "{:label$}", "")?;
            self.wrapped(out, &context, label)?;
        }
        Ok(())
    }

    /// The last line of a run: how many of these were shown, of which severity and kind, and how many parts were bad.
    /// After it, what was left out.
    pub fn sum(
        &self,
        out: &mut dyn Write,
        noun: &str,
        events: &Tally,
        bad: usize,
        left_out: Option<String>,
    ) -> io::Result<()> {
        let mut line = count(events.records(), noun);
        if events.records() != 0 {
            line.push_str(&format!(": {}", events.events()));
        }
        if bad != 0 {
            line.push_str(&format!("; {}", count(bad, "bad part")));
        }
        writeln!(out)?;
        self.wrapped(out, &format!("{line}."), 0)?;
        left_out.map_or(Ok(()), |left_out| self.wrapped(out, &left_out, 0))
    }

    /// A line after a label. On a terminal it wraps below its own start; in a pipe it stays one line.
    pub fn wrapped(&self, out: &mut dyn Write, line: &str, indent: usize) -> io::Result<()> {
        let room = match self.columns {
            Some(columns) if columns > indent + 20 => columns - indent,
            _ => return writeln!(out, "{line}"),
        };
        let mut used = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > room {
                write!(out, "\n{:indent$}", "")?;
                used = 0;
            } else if used > 0 {
                out.write_all(b" ")?;
                used += 1;
            }
            out.write_all(word.as_bytes())?;
            used += length;
        }
        writeln!(out)
    }

    /// A line of details. On a terminal its words wrap below the field's value.
    fn hanging(&self, out: &mut dyn Write, line: &str) -> io::Result<()> {
        let line = line.trim_end();
        let begin = line.len() - line.trim_start_matches(' ').len();
        let value = line[begin..].find("  ").map(|gap| {
            let gap = begin + gap;
            gap + line[gap..].len() - line[gap..].trim_start_matches(' ').len()
        });
        let hang =
            value.filter(|value| *value <= VALUES && line.is_char_boundary(*value)).unwrap_or(begin + 2);
        match self.columns {
            Some(columns) if line.chars().count() > columns => {
                let (front, rest) = line.split_at(hang.min(line.len()));
                out.write_all(front.as_bytes())?;
                self.wrapped(out, rest, hang)
            }
            _ => writeln!(out, "{line}"),
        }
    }

    fn rule(&self, out: &mut dyn Write, title: &str) -> io::Result<()> {
        let width = self.width();
        let fill = width.saturating_sub(title.chars().count() + 4).max(3);
        writeln!(out, "\n\u{2500}\u{2500} {title} {}", "\u{2500}".repeat(fill))
    }

    /// The details of an event. A log's bytes are written unchanged where all of it is wanted.
    pub(crate) fn details(&self, out: &mut dyn Write, event: &Event<'_>) -> io::Result<()> {
        let is_whole_log = matches!(event.found.what, What::Log(_)) && !self.cut_logs;
        if self.columns.is_none() || is_whole_log {
            return self.unwrapped_details(out, event);
        }
        let mut text = Vec::new();
        self.unwrapped_details(&mut text, event)?;
        String::from_utf8_lossy(&text).lines().try_for_each(|line| self.hanging(out, line))
    }

    fn unwrapped_details(&self, out: &mut dyn Write, event: &Event<'_>) -> io::Result<()> {
        match &event.found.what {
            What::Bad(_) => Ok(()),
            What::Log(log) => self.log(out, log),
            What::Table(table) => {
                self.rule(out, "ERST table")?;
                writeln!(out, "{}", table.to_string().trim_end())
            }
            What::Unknown(bytes, id, kind) => {
                let id = id.map_or(String::new(), |id| format!(" \u{2500} record {id}"));
                self.rule(
                    out,
                    &format!("{}{id}", Printable(kind.as_deref().unwrap_or("unknown").as_bytes())),
                )?;
                hex_dump(out, bytes)
            }
            _ => self.sections(out, event),
        }
    }

    fn sections(&self, out: &mut dyn Write, event: &Event<'_>) -> io::Result<()> {
        let id = event.id.map_or(String::new(), |id| format!(" \u{2500} record {id}"));
        self.rule(out, &format!("{}{id}", event.kind.one))?;
        match &event.found.what {
            What::Record(stored) if self.detail == Detail::Raw => {
                write!(out, "{}", stored.record().header())?;
            }
            // What Linux writes there is the same in every record.
            What::Record(stored) if stored.descriptor().is_none() => {
                let header = stored.record().header();
                if !header.creator_id().raw().is_zero() {
                    field(out, "creator", header.creator_id())?;
                }
                if !header.notification_type().raw().is_zero() {
                    field(out, "notification", header.notification_type())?;
                }
                let flags = flags(header.flags());
                if header.flags() != RecordFlags::empty() && header.flags() != RecordFlags::PREVIOUS_ERROR {
                    field(out, "flags", flags)?;
                }
            }
            What::Block(block) if self.detail == Detail::Raw => write!(out, "{}", block.header())?,
            What::Block(block) => {
                let status = block.header();
                field(out, "severity", status.severity())?;
                let names = flags(status.status());
                let value = status.block_status();
                let names = if value == 0 { READ_AT_BOOT } else { &names };
                field(out, "block status", format!("{value:#x}  {names}"))?;
            }
            _ => {}
        }
        if let Some(trace) = event.found.trace {
            field(out, "trace event", trace.name)?;
            trace
                .values
                .told(self.detail == Detail::Raw)
                .try_for_each(|(name, value)| field(out, &name, value))?;
        }
        let several = event.sections().len() > 1;
        for (number, section) in event.sections().iter().enumerate() {
            if several {
                writeln!(out)?;
                let title = event.lines.get(number).map_or("", |(_, line)| line);
                writeln!(out, "section {number}: {title}")?;
            }
            let names = event.names.get(number);
            self.section(out, section, names, if several { 2 } else { 0 })?;
        }
        if let What::Block(block) = &event.found.what {
            let padding = padding(block);
            if padding != 0 {
                writeln!(out, "\n{} of zeros where entries can be", summary::size(padding))?;
            }
            if let Some(Ok(raw)) = block.raw_data() {
                writeln!(out, "\nraw data behind the entries, {}", summary::size(raw.len()))?;
                hex_dump(out, raw)?;
            }
        }
        if self.detail == Detail::Raw {
            raw_text::layout(out, &event.found)?;
        }
        Ok(())
    }

    fn section(
        &self,
        out: &mut dyn Write,
        section: &Section<'_>,
        names: Option<&SectionNames>,
        indent: usize,
    ) -> io::Result<()> {
        let mut lines = Vec::new();
        if let Some(severity) = section.severity {
            // The machine check's own severity is better than the one that Linux writes here.
            if indent != 0 && !matches!(section.content, Content::Machine(_)) {
                field(&mut lines, "severity", severity)?;
            }
        }
        if let Some(id) = section.fru_id.filter(|id| *id != Guid::ZERO) {
            field(&mut lines, "fru id", id)?;
        }
        if let Some(text) = section.fru_text.as_ref().filter(|text| !text.text().is_empty()) {
            field(&mut lines, "fru text", Printable(text.text()))?;
        }
        // A machine check's own lines name its processor.
        let names = names.filter(|_| !matches!(section.content, Content::Machine(_)));
        for (what, name) in names.iter().flat_map(|names| names.all()) {
            field(&mut lines, &format!("{what} name"), name)?;
        }
        let names = flags(section.flags.difference(SectionFlags::PRIMARY));
        if !names.is_empty() {
            field(&mut lines, "flags", names)?;
        }
        match &section.content {
            Content::Machine(record) => writeln!(lines, "{record:#}")?,
            Content::Body(body) if self.detail == Detail::Raw => write!(lines, "{}", Fields(body.fields()))?,
            Content::Body(body) => lines.extend_from_slice(fields::compact(body.fields()).as_bytes()),
            Content::Log(part) => self.part(&mut lines, part)?,
            Content::Cut(cut) => lines.extend_from_slice(fields::compact(cut).as_bytes()),
            Content::Bad(problem) => writeln!(lines, "{problem}")?,
        }
        for check in &section.machine_checks {
            writeln!(lines, "machine check in {}", check.error())?;
            check.record().details().to_string().lines().try_for_each(|line| writeln!(lines, "  {line}"))?;
        }
        let is_raw = self.detail == Detail::Raw;
        if is_raw {
            raw_text::descriptor(&mut lines, section)?;
        }
        if let Some(not_valid) = is_raw.then(|| NotValid::of(section)).flatten() {
            writeln!(lines, "not valid, as their validity bits are clear:")?;
            write!(lines, "{:2}", Fields(&not_valid))?;
        }
        let raw = is_raw || matches!(section.content, Content::Bad(..) | Content::Cut(_));
        if raw && !matches!(section.content, Content::Body(cper::section::Body::Unknown(_)) | Content::Log(_))
        {
            let there = summary::size(section.bytes.len());
            let available = match &section.content {
                Content::Cut(cut) => format!("{there} of {} available", cut.extent().1),
                Content::Bad(..) if section.bytes.is_empty() => format!("{there} available"),
                _ => there,
            };
            writeln!(lines, "section at {:#x}, {available}", section.offset)?;
            hex_dump(&mut lines, section.bytes)?;
        }
        if indent == 0 {
            return out.write_all(&lines);
        }
        lines.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| {
            write!(out, "{:indent$}", "")?;
            out.write_all(line)
        })
    }

    fn log(&self, out: &mut dyn Write, log: &Log<'_>) -> io::Result<()> {
        let mut title = String::from(log.kind().noun());
        let ids: Vec<u64> = log.parts().rev().filter_map(|part| part.id).map(u64::from).collect();
        if let Some((first, others)) = ids.split_first() {
            title.push_str(&format!(" \u{2500} record{} {first}", if others.is_empty() { "" } else { "s" }));
            let shown = &ids[..ids.len().min(4)];
            let digits = telling_digits(shown);
            for other in others.iter().take(3) {
                title.push_str(&format!(", \u{2026}{:0digits$}", other % 10_u64.pow(digits as u32)));
            }
            if others.len() > 3 {
                title.push_str(", \u{2026}");
            }
        }
        self.rule(out, &title)?;
        if self.cut_logs {
            return cut_log(out, log);
        }
        for piece in &log.pieces {
            match piece {
                Piece::Missing(parts) => writeln!(out, "{}", missing(parts))?,
                Piece::Part(_, part) => {
                    if self.detail == Detail::Raw {
                        writeln!(out, "[{}]", crate::found::at(&part.place))?;
                        raw_text::part(out, part)?;
                    }
                    self.part(out, part)?;
                }
            }
        }
        Ok(())
    }

    /// The text of a part: without its header line and the levels in front of its lines, unless all is wanted.
    fn part(&self, out: &mut dyn Write, part: &Part<'_>) -> io::Result<()> {
        let (text, _) = part.text();
        if self.detail == Detail::Raw {
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                writeln!(out, "{}", Printable(line.strip_suffix(b"\n").unwrap_or(line)))?;
            }
            return Ok(());
        }
        lines(text).try_for_each(|line| writeln!(out, "{}", Printable(line)))
    }
}

/// The lines of a log's part, without its header line and the levels in front of them.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let log = dmesg::Header::parse(text).map_or(text, |(_, log)| log);
    log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(without_level)
}

/// The line in place of missing parts.
fn missing(parts: &std::ops::RangeInclusive<u32>) -> String {
    format!("[{} not in the store]", summary::missing_parts(parts))
}

/// The lines of a log that matter, and how to see the others.
fn cut_log(out: &mut dyn Write, log: &Log<'_>) -> io::Result<()> {
    let (mut all, mut matters) = (Vec::new(), Vec::new());
    for piece in &log.pieces {
        match piece {
            Piece::Missing(parts) => {
                all.push(missing(parts));
                matters.push(true);
            }
            Piece::Part(_, part) => {
                for line in lines(part.text().0) {
                    all.push(Printable(line).to_string());
                    matters.push(excerpt::matters(line));
                }
            }
        }
    }
    let shown = excerpt::shown(&matters);
    let mut left_out = 0;
    for (line, shown) in all.iter().zip(&shown) {
        if !shown {
            left_out += 1;
            continue;
        }
        if left_out != 0 {
            writeln!(out, "[{}]", count(left_out, "line"))?;
            left_out = 0;
        }
        writeln!(out, "{line}")?;
    }
    let number = shown.iter().filter(|shown| **shown).count();
    if number < all.len() {
        writeln!(out, "({number} of {} lines are shown; -v shows all)", all.len())?;
    }
    Ok(())
}

/// How many of the last digits distinguish these ids: at least three. Ids of EFI variables end with the part (two
/// digits) and the dump (three digits), so where three do not suffice, five are shown.
fn telling_digits(ids: &[u64]) -> usize {
    let tells = |digits: &u32| {
        let ends: std::collections::BTreeSet<u64> = ids.iter().map(|id| id % 10_u64.pow(*digits)).collect();
        ends.len() == ids.len()
    };
    [3].into_iter().chain(5..=19).find(tells).unwrap_or(19) as usize
}

/// `<6>` in front of a line.
fn without_level(line: &[u8]) -> &[u8] {
    match line.iter().position(|byte| *byte == b'>') {
        Some(end @ 2..=6) if line[0] == b'<' && line[1..end].iter().all(u8::is_ascii_digit) => {
            &line[end + 1..]
        }
        _ => line,
    }
}

fn field(out: &mut dyn Write, name: &str, value: impl Display) -> io::Result<()> {
    writeln!(out, "{name:24}{value}")
}

/// The names of the bits that are set, and those without a name in hex.
fn flags<F: bitflags::Flags<Bits: Into<u64>> + Copy>(flags: F) -> String {
    let mut nameless: u64 = flags.bits().into();
    let mut names = Vec::new();
    for (name, bit) in flags.iter_names() {
        nameless &= !bit.bits().into();
        names.push(name.to_lowercase().replace('_', " "));
    }
    if nameless != 0 {
        names.push(format!("{nameless:#x}"));
    }
    names.join(", ")
}

/// Offset, 16 bytes in hex, and the same bytes as text, a line each 16.
fn hex_dump(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    for (line, chunk) in bytes.chunks(16).enumerate() {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = chunk
            .iter()
            .map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' })
            .collect();
        writeln!(out, "  {:04x}  {:47}  {text}", line * 16, hex.join(" "))?;
    }
    Ok(())
}
