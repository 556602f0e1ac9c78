//! The page that lists every column, made from the tables themselves so that it cannot lag behind.

use super::super::{AttemptRow, EventRow, GaugeRow, Meaning, RequestRow, Row, WriteRow};
use super::layout::{file_name, kind};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# A recording in files

A recording is a folder with one file a table, in Parquet, CSV or JSON lines: `requests.parquet`, `attempts.csv`,
`gauges.jsonl` and so on, and `recording.json`, which describes them. Payloads are never in it.

You can write one from your own logs. Only `requests` with `arrived_ns` is needed; without `recording.json` its rows
must be in order of arrival. Every column more lets `gameday diagnose` tell more, and a column that is missing is \"not
recorded\", which is said and never guessed at.

- Times are whole numbers of ns. `latency_us`, `latency_ms` and `latency_s` are read as well, with or without a fraction.
- `0` and the empty text mean \"none\" or \"not known\"; so does `null` where a file has it.
- Digests are any 64-bit hash as 16 hexadecimal digits: they are only compared with each other.
- Columns of your own are left alone. One that is a letter or two off a name of this page is refused, as misspelt.
- `content_digest` in `recording.json` is of the values, the same in every format. Take it out if you change a table.

This page is made from the source (`src/recording/tables.rs`).
";

/// The reference page, in Markdown.
pub fn reference() -> String {
    const OF_CPU: &str = "\
\nOf CPU, where a service's work is counted: `cpu.spent.STAGE.SITE.PART` is ns of CPU since the last reading (what `gameday profile` folds),\n`cpu.busy` the share of a replica's cores that were held, `cpu.used` the cores that this is, `cpu.queue` who waits for one now; `cpu.slope` is the\npower by which CPU of a request grows with the bytes worked on, `cpu.site_slope.SITE` that of one site with the size of its jobs. Where replicas are\nprobed, `replicas.in_service` are those that get requests.\nWhere a service has regions, `replica.region` says once for each replica where it is, by the number of the region's name.\n";
    fn table<R: Row>(page: &mut String, what: &str) {
        let _ = write!(
            page,
            "\n## {}\n\n{what}\n\n| column | holds | |\n|---|---|---|\n",
            R::TABLE
        );
        for spec in R::COLUMNS {
            let holds = match spec.meaning {
                Meaning::Word(words) => {
                    let words = words.iter().filter(|word| !word.is_empty());
                    words
                        .map(|word| format!("`{word}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                }
                meaning => kind(meaning).into(),
            };
            let _ = writeln!(page, "| `{}` | {holds} | {} |", file_name(spec), spec.doc);
        }
    }
    let mut page = INTRODUCTION.to_string();
    table::<RequestRow>(
        &mut page,
        "One row a try of a client, in order of arrival. Rows are counted from 0.",
    );
    table::<AttemptRow>(
        &mut page,
        "One row a call to a dependency, in order of its end.",
    );
    table::<GaugeRow>(&mut page, "One row a reading, in order of time.");
    page.push_str(OF_CPU);
    table::<EventRow>(
        &mut page,
        "One row a line of a change log, in order of time.",
    );
    table::<WriteRow>(
        &mut page,
        "One row a try of a write, in order of their beginning; no file where nothing is written. What became of it at whom it was sent to is\nfrom their books, as a reconciliation has them.",
    );
    page
}
