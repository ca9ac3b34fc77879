//! Standard output: through a pager where it is a terminal and the output does not fit on it, as git does.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Characters that need a shell; a command without them is run directly.
const FOR_SHELL: &str = "|&;<>()$`\\\"' \t\n*?[#~=%";

/// Options of `less` where none are set: it ends at once if all fits, shows colours, and leaves the text on the screen.
const LESS: &str = "FRX";

/// Standard output.
#[derive(Debug)]
pub struct Pager {
    to: To,
    /// Columns and rows of the terminal; `None` where nothing is paged.
    screen: Option<[usize; 2]>,
    /// Rows that the output takes so far, and columns of the last one.
    used: [usize; 2],
    /// Whether the last characters are a command for the terminal, which takes no room.
    in_escape: bool,
}

#[derive(Debug)]
enum To {
    /// Not yet more than the terminal's rows.
    Held(Vec<u8>),
    Stdout(BufWriter<Stdout>),
    /// Its standard input, until that is closed.
    Pager(Child, Option<BufWriter<ChildStdin>>),
}

impl Pager {
    /// Standard output, through a pager where one is wanted and of use.
    pub fn new(wanted: bool) -> Self {
        let size =
            terminal_size::terminal_size_of(io::stdout()).filter(|_| wanted && io::stdout().is_terminal());
        let screen = size.map(|(columns, rows)| [usize::from(columns.0), usize::from(rows.0)]);
        let to = match screen {
            Some(_) => To::Held(Vec::new()),
            None => To::Stdout(BufWriter::new(io::stdout())),
        };
        Self { to, screen, used: [0; 2], in_escape: false }
    }

    /// Whether the output leaves no row for the prompt behind it.
    fn exceeds(&mut self, text: &[u8]) -> bool {
        let Some([columns, rows]) = self.screen else { return false };
        let [used, column] = &mut self.used;
        for c in String::from_utf8_lossy(text).chars() {
            match c {
                '\n' => (*used, *column) = (*used + 1, 0),
                '\x1b' => self.in_escape = true,
                _ if self.in_escape => self.in_escape = !c.is_ascii_alphabetic(),
                _ if *column == columns => (*used, *column) = (*used + 1, 1),
                _ => *column += 1,
            }
        }
        *used >= rows
    }

    /// Stops holding the output back: writes it to the pager, or to the terminal if there is none.
    fn release(&mut self, page: bool) -> io::Result<()> {
        let To::Held(held) = &mut self.to else { return Ok(()) };
        let held = std::mem::take(held);
        self.to = match page.then(start).flatten() {
            Some(mut child) => {
                leave_interrupts();
                let stdin = child.stdin.take().map(BufWriter::new);
                To::Pager(child, stdin)
            }
            None => To::Stdout(BufWriter::new(io::stdout())),
        };
        self.write_all(&held)
    }

    /// Writes what is left, and waits for the pager: the terminal is the pager's until then.
    pub fn finish(&mut self) -> io::Result<()> {
        self.release(false)?;
        self.flush()?;
        self.wait();
        Ok(())
    }

    fn wait(&mut self) {
        if let To::Pager(child, stdin) = &mut self.to {
            drop(stdin.take());
            // How it ended is between it and its reader.
            let _ = child.wait();
        }
    }
}

/// The pager that is wanted, running: `RAS_PAGER`, `PAGER`, or `less`; none where that is empty or `cat`.
fn start() -> Option<Child> {
    let wanted = ["RAS_PAGER", "PAGER"].iter().find_map(|name| std::env::var(name).ok());
    let wanted = wanted.unwrap_or_else(|| "less".into());
    let wanted = wanted.trim();
    if matches!(wanted, "" | "cat") {
        return None;
    }
    let mut command = if wanted.contains(|c| FOR_SHELL.contains(c)) {
        let mut shell = Command::new("sh");
        shell.args(["-c", wanted]);
        shell
    } else {
        Command::new(wanted)
    };
    for (name, value) in [("LESS", LESS), ("LESSCHARSET", "utf-8")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    // A pager that cannot be started is none.
    command.stdin(Stdio::piped()).spawn().ok()
}

/// From now on an interrupt is for the pager, which has the terminal: it must not be left alone there, so this program ends
/// after it. A pager that ends early ends the output.
fn leave_interrupts() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: nothing of this program runs when the signal comes.
        #[allow(unsafe_code)]
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

impl Write for Pager {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if matches!(self.to, To::Held(_)) {
            let exceeds = self.exceeds(text);
            if let To::Held(held) = &mut self.to {
                held.extend_from_slice(text);
            }
            if exceeds {
                self.release(true)?;
            }
            return Ok(text.len());
        }
        match &mut self.to {
            To::Stdout(out) => out.write(text),
            To::Pager(_, Some(stdin)) => stdin.write(text),
            To::Pager(_, None) | To::Held(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stdout(out) => out.flush(),
            To::Pager(_, Some(stdin)) => stdin.flush(),
            To::Held(_) | To::Pager(_, None) => Ok(()),
        }
    }
}

/// A pager is waited for whatever became of the output.
impl Drop for Pager {
    fn drop(&mut self) {
        self.wait();
    }
}
