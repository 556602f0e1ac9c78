//! Azure's traces of LLM inference: `TIMESTAMP,ContextTokens,GeneratedTokens`, times with 100 ns digits.
//!
//! Source: github.com/Azure/AzurePublicDataset, AzureLLMInferenceTrace_*.csv (2023, 2024); Patel et al., "Splitwise", ISCA 2024.

use super::{
    Format, Opened, ReadOptions, Rows,
    draft::{Column, Draft},
    first_line,
    record::Record,
    shown,
};
use crate::{
    config::Refusal,
    trace::{
        lines::{Fault, Lines},
        request::{Field, Request, SharedTags},
    },
};

const FILLS: &[Field] = &[Field::Arrived, Field::InputTokens, Field::OutputTokens];
const HEADER: &[(&str, Column)] = &[
    ("TIMESTAMP", Column::Arrived),
    ("ContextTokens", Column::InputTokens),
    ("GeneratedTokens", Column::OutputTokens),
];

/// The format.
pub const FORMAT: Format = Format {
    name: "azure-llm",
    summary: "Azure's LLM inference traces: CSV with TIMESTAMP, ContextTokens, GeneratedTokens",
    fills: FILLS,
    clock: true,
    sniff,
    open,
};

fn sniff(head: &str) -> Result<(), String> {
    let line = first_line(head).trim_end();
    let right = "TIMESTAMP,ContextTokens,GeneratedTokens";
    if line.eq_ignore_ascii_case(right) {
        return Ok(());
    }
    Err(format!("the first line {} is not {right}", shown(line)))
}

struct Azure {
    lines: Lines,
    record: Record,
    draft: Draft,
}

fn open(mut lines: Lines, options: &ReadOptions, tags: SharedTags) -> Result<Opened, Refusal> {
    let mut record = Record::default();
    record
        .read(&mut lines, |_| Ok(()))
        .map_err(Fault::into_refusal)?;
    sniff(lines.text()).map_err(|why| lines.refuse(0..lines.text().len(), why))?;
    let draft = Draft::new(tags, options);
    Ok(Opened {
        rows: Box::new(Azure {
            lines,
            record,
            draft,
        }),
        captured: FILLS.to_vec(),
        origin: None,
    })
}

impl Azure {
    fn read(&mut self) -> Result<Option<Request>, Fault> {
        if !self.record.read(&mut self.lines, |_| Ok(()))? {
            return match self.draft.rows() {
                0 => Err(Fault::File(
                    self.lines.refuse_file("has a header and no rows"),
                )),
                _ => Ok(None),
            };
        }
        if self.record.width() != HEADER.len() {
            return Err(self.record.wrong_width(&self.lines, HEADER.len()));
        }
        self.draft.clear();
        for (i, &(name, column)) in HEADER.iter().enumerate() {
            if !self.draft.wants(column) {
                continue;
            }
            let cell = self.record.cell(&self.lines, i);
            if let Err((found, right)) = self.draft.set(column, &cell) {
                let message = format!("{name}: {found}");
                return Err(Fault::Row(
                    self.lines.refuse(self.record.range(i), message).help(right),
                ));
            }
        }
        let time = self.record.range(0);
        let request = self
            .draft
            .finish()
            .map_err(|(found, right)| Fault::Row(self.lines.refuse(time, found).help(right)))?;
        Ok(Some(request))
    }
}

impl Rows for Azure {
    fn next_row(&mut self) -> Result<Option<Request>, Fault> {
        let row = self.read();
        if row.is_err() {
            self.draft.skip();
        }
        row
    }

    fn absolute(&self) -> bool {
        self.draft.absolute()
    }

    fn line(&self) -> u64 {
        self.lines.line()
    }
}
