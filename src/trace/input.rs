//! A trace file as a stream of bytes: opened, unpacked and looked at, whatever its name says.
//!
//! What a file is shows in its first bytes: `.gz` and `.zst` are recognised by their magic numbers. Nothing is held
//! whole, so a packed file may unpack to any length. Not for lines or rows: see `lines` and `formats`.

use crate::config::Refusal;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
    sync::Arc,
};

/// How much of the (unpacked) start the formats may look at to recognise a file.
pub const HEAD: usize = 64 * 1024;
const BUFFER: usize = 128 * 1024;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip, one or several members.
    Gz,
    /// Zstandard, one or several frames.
    Zst,
}

/// An opened trace file.
pub struct Input {
    /// Its path as the user gave it.
    pub name: Arc<str>,
    /// How it is packed.
    pub packing: Packing,
    /// The first [`HEAD`] unpacked bytes, for recognising the format. They are in the stream as well.
    pub head: Vec<u8>,
    reader: Box<dyn BufRead>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Input({}, {:?})", self.name, self.packing)
    }
}

impl Input {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is missing, a directory, unreadable, empty, or a damaged archive from its very start.
    pub fn open(path: &Path) -> Result<Input, Refusal> {
        let name = path.display().to_string();
        let unreadable =
            |e: io::Error| Refusal::file(&name, format!("cannot be read: {}", reason(&e)));
        if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            return Err(Refusal::file(&name, "is a directory").help("name a trace file in it"));
        }
        let file = File::open(path).map_err(unreadable)?;
        Input::of(&name, file)
    }

    /// Reads from any stream; `name` stands in refusals.
    ///
    /// # Errors
    /// As for [`Input::open`].
    pub fn of(name: &str, mut stream: impl Read + 'static) -> Result<Input, Refusal> {
        let mut magic = Vec::with_capacity(4);
        stream
            .by_ref()
            .take(4)
            .read_to_end(&mut magic)
            .map_err(|e| Refusal::file(name, format!("cannot be read: {}", reason(&e))))?;
        if magic.is_empty() {
            return Err(Refusal::file(name, "is empty").help("a trace has at least one request"));
        }
        let packing = match &magic[..] {
            [0x1f, 0x8b, ..] => Packing::Gz,
            [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zst,
            // A skippable frame may stand before the first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Packing::Zst,
            _ => Packing::Plain,
        };
        let raw = BufReader::with_capacity(BUFFER, Cursor::new(magic).chain(stream));
        let mut unpacked: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(raw),
            Packing::Gz => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            Packing::Zst => Box::new(
                zstd::stream::read::Decoder::with_buffer(raw)
                    .map_err(|e| damaged(name, packing, &e))?,
            ),
        };
        let mut head = Vec::new();
        unpacked
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|e| damaged(name, packing, &e))?;
        if head.is_empty() {
            return Err(Refusal::file(name, "is an archive of nothing"));
        }
        let reader = BufReader::with_capacity(BUFFER, Cursor::new(head.clone()).chain(unpacked));
        Ok(Input {
            name: name.into(),
            packing,
            head,
            reader: Box::new(reader),
        })
    }

    /// The bytes that are ready, as in [`BufRead::fill_buf`].
    ///
    /// # Errors
    /// A cut or damaged archive, or a failing disk.
    pub fn fill(&mut self) -> Result<&[u8], Refusal> {
        match self.reader.fill_buf() {
            Ok(bytes) => Ok(bytes),
            Err(e) => Err(damaged(&self.name, self.packing, &e)),
        }
    }

    /// Takes bytes off, as in [`BufRead::consume`].
    pub fn consume(&mut self, bytes: usize) {
        self.reader.consume(bytes);
    }
}

/// The reason of an error of the system, without its number.
pub fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}

fn damaged(name: &str, packing: Packing, e: &io::Error) -> Refusal {
    let kind = match packing {
        Packing::Plain => return Refusal::file(name, format!("cannot be read: {}", reason(e))),
        Packing::Gz => "gzip",
        Packing::Zst => "Zstandard",
    };
    let text = e.to_string();
    if e.kind() == io::ErrorKind::UnexpectedEof || text.contains("incomplete frame") {
        Refusal::file(
            name,
            format!("this {kind} archive ends too early: it was cut short"),
        )
        .help("copy it again; if it was still being written, wait for the writer")
    } else {
        Refusal::file(name, format!("this {kind} archive is damaged: {text}"))
            .help("copy or pack it again")
    }
}
