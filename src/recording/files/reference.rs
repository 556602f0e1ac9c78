//! The page that lists every column, made from the tables themselves so that it cannot lag behind.

use super::super::{AttemptRow, EventRow, GaugeRow, Meaning, RequestRow, Row, WriteRow};
use super::layout::{file_name, kind};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# A recording in files

A recording is a folder with one file a table, in Parquet, CSV or JSON lines: `requests.parquet`, `attempts.csv`,
`gauges.jsonl` and so on, and `recording.json`, which describes them. Payloads are never in it.

You can write one from your own logs. Only `requests` with `arrived_ns` is needed, and a file of requests alone will do
(`gameday diagnose requests.csv`; CSV and JSON lines also packed, `.gz` or `.zst`); without `recording.json` its rows must be in
order of arrival. Three columns go far: `arrived_s,latency_ms,outcome`. Every column more lets `gameday diagnose` tell more, and a column that is missing is \"not
recorded\", which is said and never guessed at.

- Times are whole numbers of ns. `latency_us`, `latency_ms` and `latency_s` are read as well, with or without a fraction. A time
  without its unit is refused.
- Instants count from the recording's start. Without `recording.json` they may count from elsewhere, such as from 1970: where the
  first tenth, and a minute, would be empty, the first request is the start.
- `0` and the empty text mean \"none\" or \"not known\"; so does `null` where a file has it.
- Digests are any 64-bit hash as 16 hexadecimal digits: they are only compared with each other.
- Columns of your own are left alone. One that is a letter or two off a name of this page is refused, as misspelt.
- `content_digest` in `recording.json` is of the values, the same in every format. Take it out if you change a table.

[examples/export/access_log_to_requests.py](../examples/export/access_log_to_requests.py) makes `requests.csv` of an access log. From a
database, with the outcome in the words of the table below:

    COPY (SELECT epoch(started_at) AS arrived_s, duration_ms AS latency_ms, route, customer AS tenant,
                 CASE WHEN status = 429 THEN 'rejected' WHEN status IN (408, 504) THEN 'timeout'
                      WHEN status >= 500 THEN 'error' ELSE 'ok' END AS outcome
          FROM requests ORDER BY started_at) TO 'requests.parquet';

This page is made from the source (`src/recording/tables.rs`).

## A baseline and an incident

    gameday diagnose incident.csv --baseline healthy.csv      # two recordings, each a folder or a file
    gameday diagnose day.csv --onset 20m --until 45m          # one, of which the first 20 minutes were healthy

What is known to be healthy is compared with what follows, and the onset is found from there on: at the beginning of the second
recording, or within it if it begins well. Two are set on one clock, the first request of the second right behind the last of the first. Rows
and operations are told apart; a name means the same in both, and so does a digest and the number of a version, a replica or a process.
A column or a table that one alone has is left out, since it would look like a change, and the answer names it. A change log may be in
one alone; changes that it has from before the second's first request are set at its beginning.

Taken as given, since no file says so: both are of one service, at about the same traffic, exported in the same way. More traffic in the
second is a surge to the diagnosis, and a cold start at its beginning is part of the incident. A baseline that is not healthy by
itself is said to be so. `--onset` and `--until` count from the start of the incident's recording; what came after `--until` is left out.
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
