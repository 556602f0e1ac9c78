//! Parquet, without Arrow. Zstd; whole numbers as INT64, so that Spark reads them too; nothing in the file but what the
//! recording says, so that two writes are the same to the byte.

use super::super::{Dictionaries, Meaning, Row, Table};
use super::filling::{Filled, Filling};
use super::layout::{Cell, Scratch, file_name, recorded, written};
use super::wrong::{found, unholdable};
use crate::config::Refusal;
use ::parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    column::{
        reader::{ColumnReader, ColumnReaderImpl},
        writer::ColumnWriterImpl,
    },
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::types::Type,
};
use std::{fs::File, path::Path, sync::Arc};

/// Rows a group: what is held in memory at a time, a column of it.
const GROUP: usize = 1 << 17;
/// Values read at a time.
const BATCH: usize = 8_192;
/// Zstd's own default: higher levels cost much and gain little on encoded columns.
const LEVEL: i32 = 3;

fn physical(meaning: Meaning) -> Physical {
    match meaning {
        Meaning::Name(_) | Meaning::Word(_) | Meaning::Digest => Physical::BYTE_ARRAY,
        Meaning::Flag => Physical::BOOLEAN,
        Meaning::Real => Physical::DOUBLE,
        Meaning::Instant | Meaning::Span | Meaning::Count | Meaning::Ordinal => Physical::INT64,
    }
}

fn schema<R: Row>(table: &Table<R>) -> Result<Type, ParquetError> {
    let fields = recorded(table).into_iter().map(|(_, spec)| {
        let physical = physical(spec.meaning);
        let logical = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        // Required: a nullable whole number becomes a float in pandas. 0 and "" are "not known".
        Type::primitive_type_builder(&file_name(spec), physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder(R::TABLE)
        .with_fields(fields)
        .build()
}

/// Writes a table.
pub(super) fn save<R: Row>(
    table: &Table<R>,
    names: &Dictionaries,
    path: &Path,
) -> Result<(), Refusal> {
    let failed = |e: ParquetError| Refusal::file(path.display(), format!("cannot be written: {e}"));
    let properties = WriterProperties::builder()
        .set_created_by("gameday".into())
        .set_compression(Compression::ZSTD(
            ZstdLevel::try_new(LEVEL).map_err(failed)?,
        ))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let file = File::create(path)
        .map_err(|e| Refusal::file(path.display(), format!("cannot be written: {e}")))?;
    let schema = Arc::new(schema(table).map_err(failed)?);
    let mut out = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(failed)?;
    let mut start = 0;
    while start < table.len() {
        let rows = start..table.len().min(start + GROUP);
        let mut group = out.next_row_group().map_err(failed)?;
        for (number, spec) in recorded(table) {
            let mut scratch = Scratch::new();
            let mut each = |put: &mut dyn FnMut(Cell)| {
                for row in rows.clone() {
                    let word = table.value(number, row);
                    let cell = written(spec.meaning, word, names, &mut scratch);
                    put(cell.map_err(|why| unholdable::<R>(row, number, &why))?);
                }
                Ok::<(), Refusal>(())
            };
            let column = group.next_column().map_err(failed)?;
            let Some(mut column) = column else { break };
            match physical(spec.meaning) {
                Physical::BYTE_ARRAY => {
                    // One allocation for all: values are slices of it.
                    let (mut all, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
                    each(&mut |cell| {
                        if let Cell::Text(text) = cell {
                            all.extend_from_slice(text.as_bytes());
                        }
                        ends.push(all.len());
                    })?;
                    let (all, mut start) = (ByteArray::from(all), 0);
                    let values = ends.into_iter().map(|end| {
                        let value = all.slice(start, end - start);
                        start = end;
                        value
                    });
                    let values: Vec<ByteArray> = values.collect();
                    put::<ByteArrayType>(column.typed(), &values).map_err(failed)?;
                }
                Physical::BOOLEAN => {
                    let mut values = Vec::with_capacity(rows.len());
                    each(&mut |cell| values.push(cell == Cell::Flag(true)))?;
                    put::<BoolType>(column.typed(), &values).map_err(failed)?;
                }
                Physical::DOUBLE => {
                    let mut values = Vec::with_capacity(rows.len());
                    each(&mut |cell| {
                        if let Cell::Real(x) = cell {
                            values.push(x);
                        }
                    })?;
                    put::<DoubleType>(column.typed(), &values).map_err(failed)?;
                }
                _ => {
                    let mut values = Vec::with_capacity(rows.len());
                    each(&mut |cell| {
                        if let Cell::Whole(n) = cell {
                            values.push(n);
                        }
                    })?;
                    put::<Int64Type>(column.typed(), &values).map_err(failed)?;
                }
            }
            column.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        start = rows.end;
    }
    out.close().map_err(failed)?;
    Ok(())
}

fn put<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    for batch in values.chunks(BATCH) {
        column.write_batch(batch, None, None)?;
    }
    Ok(())
}

/// Reads a table.
pub(super) fn load<R: Row>(path: &Path, names: &mut Dictionaries) -> Result<Filled<R>, Refusal> {
    let failed = |e: ParquetError| {
        let refusal = Refusal::file(
            path.display(),
            format!("is no Parquet that can be read: {e}"),
        );
        if e.to_string().contains("feature") {
            return refusal.help("write it with compression zstd, or with none");
        }
        refusal
    };
    let file = File::open(path).map_err(|e| super::unreadable(path, e))?;
    let reader = SerializedFileReader::new(file).map_err(failed)?;
    let descriptor = reader.metadata().file_metadata().schema_descr_ptr();
    let columns = descriptor.columns();
    let header: Vec<&str> = columns.iter().map(|c| c.name()).collect();
    let refuse = |place: usize, row: Option<usize>, message: String| {
        let name = header[place];
        let row = row.map_or(String::new(), |row| format!(", row {row}"));
        Refusal::file(path.display(), format!("column {name}{row}: {message}"))
    };
    let mut filling = Filling::new::<R>(&header, |place, message| refuse(place, None, message))?;
    let mut rows = 0;
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(failed)?;
        let start = rows;
        for (place, column) in columns.iter().enumerate() {
            if filling.targets[place].is_none() {
                continue;
            }
            if column.max_rep_level() > 0 || column.max_def_level() > 1 {
                return Err(refuse(place, None, "holds lists or groups".into())
                    .help("a column holds one value a row"));
            }
            let mut row = start;
            let mut take = |cell: Cell| {
                let put = filling.put(place, row, cell, names);
                row += 1;
                put.map_err(|help| refuse(place, Some(row - 1), found(&cell)).help(help))
            };
            match group.get_column_reader(place).map_err(failed)? {
                ColumnReader::BoolColumnReader(c) => {
                    each(c, &failed, &mut take, |x| Cell::Flag(*x))?
                }
                ColumnReader::Int32ColumnReader(c) => {
                    each(c, &failed, &mut take, |x| Cell::Whole((*x).into()))?
                }
                ColumnReader::Int64ColumnReader(c) => {
                    each(c, &failed, &mut take, |x| Cell::Whole(*x))?
                }
                ColumnReader::FloatColumnReader(c) => {
                    each(c, &failed, &mut take, |x| Cell::Real((*x).into()))?
                }
                ColumnReader::DoubleColumnReader(c) => {
                    each(c, &failed, &mut take, |x| Cell::Real(*x))?
                }
                ColumnReader::ByteArrayColumnReader(c) => {
                    // What is no UTF-8 reads as a text that no column accepts but one of names, which shows it.
                    each(c, &failed, &mut take, |x| {
                        Cell::Text(x.as_utf8().unwrap_or("\u{FFFD}"))
                    })?;
                }
                _ => {
                    return Err(refuse(
                        place,
                        None,
                        "has a type that has no meaning here".into(),
                    ));
                }
            }
        }
        rows += usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    }
    Ok(filling.finish(rows))
}

/// Hands over every value of a column of a group, nulls as nothing.
fn each<T: DataType>(
    mut column: ColumnReaderImpl<T>,
    failed: &dyn Fn(ParquetError) -> Refusal,
    take: &mut dyn FnMut(Cell) -> Result<(), Refusal>,
    cell: impl Fn(&T::T) -> Cell<'_>,
) -> Result<(), Refusal> {
    let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    loop {
        values.clear();
        levels.clear();
        let (records, n, _) = column
            .read_records(BATCH, Some(&mut levels), None, &mut values)
            .map_err(failed)?;
        if records == 0 {
            return Ok(());
        }
        if n == records {
            for value in &values {
                take(cell(value))?;
            }
            continue;
        }
        let mut values = values.iter();
        for level in &levels {
            match values.as_slice().first() {
                Some(value) if *level > 0 => {
                    values.next();
                    take(cell(value))?;
                }
                _ => take(Cell::Nothing)?,
            }
        }
    }
}
