//! A table's file, unpacked if it is packed: gzip and Zstandard show in their first bytes, whatever the name says.

use super::unreadable;
use crate::config::Refusal;
use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read},
    path::Path,
};

/// Opens a file of text.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, Refusal> {
    let mut file = File::open(path).map_err(|e| unreadable(path, e))?;
    let mut magic = Vec::with_capacity(4);
    let read = file.by_ref().take(4).read_to_end(&mut magic);
    read.map_err(|e| unreadable(path, e))?;
    let gz = magic.starts_with(&[0x1f, 0x8b]);
    let zst = magic == [0x28, 0xb5, 0x2f, 0xfd];
    let raw = BufReader::new(Cursor::new(magic).chain(file));
    Ok(if gz {
        Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(raw)))
    } else if zst {
        let unpacked = zstd::stream::read::Decoder::with_buffer(raw);
        Box::new(BufReader::new(unpacked.map_err(|e| unreadable(path, e))?))
    } else {
        Box::new(raw)
    })
}
