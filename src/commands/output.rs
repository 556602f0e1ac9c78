//! Standard output for results. A closed pipe ends us quietly: what nobody reads is not written, and the exit code stays.

use std::io::{self, IsTerminal, Write};

/// See the module.
pub struct Stdout {
    inner: io::BufWriter<io::Stdout>,
    closed: bool,
    /// Whether colours are wanted: a terminal, and no NO_COLOR.
    pub styled: bool,
}

impl Stdout {
    /// Standard output.
    pub fn new() -> Stdout {
        let stdout = io::stdout();
        let styled =
            stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Stdout {
            inner: io::BufWriter::new(stdout),
            closed: false,
            styled,
        }
    }

    fn quietly<T>(&mut self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let done = self.inner.write(bytes);
        self.quietly(done, bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let done = self.inner.flush();
        self.quietly(done, ())
    }
}

/// Says a line on standard error, for people. Who no longer reads it has missed nothing that the exit code does not say.
macro_rules! note {
    ($($words:tt)*) => {
        $crate::commands::output::say(&format!("{}\n", format_args!($($words)*)))
    };
}
pub(super) use note;

/// See [`note`].
pub fn say(line: &str) {
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// Prints a text.
pub fn print(out: &mut Stdout, text: &str) -> Result<(), crate::config::Refusal> {
    out.write_all(text.as_bytes())
        .map_err(|e| crate::config::Refusal::new(format!("cannot write to standard output: {e}")))
}

/// Prints a text that what is said on standard error is to stand after.
pub fn print_now(out: &mut Stdout, text: &str) -> Result<(), crate::config::Refusal> {
    print(out, text)?;
    out.flush()
        .map_err(|e| crate::config::Refusal::new(format!("cannot write to standard output: {e}")))
}
