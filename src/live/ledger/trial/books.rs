//! The books of the dependency that writes go to: what was really written, under which token. It knows nothing of the
//! ledger; it does what a dependency can do for one that is careful: it refuses tokens older than it has seen, and it can
//! be asked.

use crate::config::Refusal;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

/// See the module. Beside the books in memory there may be a file, a line a write: key and token, in hex.
#[derive(Debug, Default)]
pub struct Books {
    file: Option<File>,
    /// Tokens of the writes of each key, in their order.
    written: BTreeMap<u64, Vec<u64>>,
    /// The newest token that each key was asked about or written under.
    newest: BTreeMap<u64, u64>,
    /// Writes that came under an older token than was known.
    pub refused: u64,
}

impl Books {
    /// The books in this file, goes on where they end. A write that was cut by a crash did not happen.
    ///
    /// # Errors
    /// A file that cannot be read and written, or is something else.
    pub fn open(path: &Path) -> Result<Books, Refusal> {
        let no = |why: String| Refusal::file(path.display(), why);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options
            .open(path)
            .map_err(|e| no(format!("cannot be opened: {e}")));
        let (mut file, mut text) = (file?, String::new());
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(no("another process has these books open".into()));
        }
        file.read_to_string(&mut text)
            .map_err(|e| no(format!("cannot be read as books: {e}")))?;
        let mut books = Books::default();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for (n, line) in text[..whole].lines().enumerate() {
            let number = |word: Option<&str>| u64::from_str_radix(word?, 16).ok();
            let mut words = line.split(' ');
            match (number(words.next()), number(words.next()), words.next()) {
                (Some(key), Some(token), None) => books.note(key, token),
                _ => {
                    return Err(no(format!(
                        "line {} is no write, which is a key and a token in hex",
                        n + 1
                    )));
                }
            }
        }
        file.set_len(whole as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(|e| no(format!("cannot be written: {e}")))?;
        books.file = Some(file);
        Ok(books)
    }

    fn note(&mut self, key: u64, token: u64) {
        self.written.entry(key).or_default().push(token);
        let newest = self.newest.entry(key).or_default();
        *newest = token.max(*newest);
    }

    /// Writes once more, whatever is written already. False: refused, since a newer holder was here.
    pub(super) fn write(&mut self, key: u64, token: u64) -> std::io::Result<bool> {
        if self.newest.get(&key).is_some_and(|newest| token < *newest) {
            self.refused += 1;
            return Ok(false);
        }
        if let Some(file) = &mut self.file {
            file.write_all(format!("{key:016x} {token:x}\n").as_bytes())?;
        }
        self.note(key, token);
        Ok(true)
    }

    /// Whether it was written under this key. Who asks under a token has older ones refused from now on.
    pub(super) fn ask(&mut self, key: u64, token: u64) -> bool {
        let newest = self.newest.entry(key).or_default();
        *newest = token.max(*newest);
        self.written.contains_key(&key)
    }

    /// How often it was written under this key.
    pub fn writes(&self, key: u64) -> usize {
        self.written.get(&key).map_or(0, Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_go_on_where_they_end_and_a_write_that_was_cut_did_not_happen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        let mut books = Books::open(&path).unwrap();
        assert!(books.write(1, 5).unwrap());
        assert!(!books.ask(2, 9));
        assert!(!books.write(2, 8).unwrap(), "an older holder's");
        assert!(
            books.write(1, 6).unwrap(),
            "books do not know what is meant once"
        );
        drop(books);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text += "0000000000000003 ";
        std::fs::write(&path, &text).unwrap();
        let mut books = Books::open(&path).unwrap();
        assert_eq!([1, 2, 3].map(|key| books.writes(key)), [2, 0, 0]);
        assert!(books.write(3, 1).unwrap());
        let no = Books::open(&path).unwrap_err().to_string();
        assert!(no.contains("another process has these books open"), "{no}");
        drop(books);
        assert_eq!(Books::open(&path).unwrap().writes(3), 1);
        std::fs::write(&path, "Dear diary\n").unwrap();
        let no = Books::open(&path).unwrap_err().to_string();
        assert!(no.contains("line 1 is no write"), "{no}");
    }
}
