"""Reads a recording saved as Parquet with pyarrow, and with duckdb where it is installed.

    python3 tests/read_with_pyarrow.py FOLDER requests=ROWS requests.latency_ns=SUM requests.tenant=acme:COUNT ...

Each argument is checked: rows of a table, the sum of a column, or how often a text occurs in it. Exits with 0 when all
are right, 1 when one is wrong.
"""

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

try:
    import duckdb
except ImportError:
    duckdb = None


def values(folder, what, expected):
    """What pyarrow and duckdb say, by name."""
    table, _, column = what.partition(".")
    path = folder / f"{table}.parquet"
    read = pq.read_table(path)
    text = expected.rpartition(":")[0] if ":" in expected else None
    if not column:
        yield "pyarrow", read.num_rows
    elif text is not None:
        yield "pyarrow", pc.sum(pc.equal(read[column], text)).as_py() or 0
    else:
        yield "pyarrow", pc.sum(read[column]).as_py() or 0
    if duckdb is None:
        return
    if not column:
        query, given = "count(*)", []
    elif text is not None:
        query, given = f'count(*) filter ("{column}" = ?)', [text]
    else:
        query, given = f'coalesce(sum("{column}"), 0)', []
    yield "duckdb", duckdb.execute(f"select {query} from read_parquet('{path}')", given).fetchone()[0]


def main():
    folder, wrong = Path(sys.argv[1]), 0
    for argument in sys.argv[2:]:
        what, _, expected = argument.partition("=")
        for reader, value in values(folder, what, expected):
            right = int(value) == int(expected.rpartition(":")[2])
            wrong += not right
            print(f"{'ok' if right else 'WRONG':5} {reader:8} {argument}: {value}")
    print("skipped: duckdb is not installed" if duckdb is None else "read by pyarrow and duckdb")
    return 1 if wrong else 0


sys.exit(main())
