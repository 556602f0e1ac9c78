#!/usr/bin/env python3
"""An access log as a recording that `gameday diagnose` reads.

    python3 access_log_to_requests.py access.log > requests.csv
    gameday diagnose requests.csv

The log is in the combined format with the time of the request, in seconds, at its end. In nginx:

    log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" $request_time';

A line is written when a request ends; a recording has the time when it arrived, and its rows in that order. The clock of such a log
ticks in whole seconds: an onset is known no better. ($msec instead of $time_local gives milliseconds, and is read as well.)
"""

import csv
import hashlib
import re
import sys
from datetime import datetime

LINE = re.compile(
    r'(?P<address>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" '
    r'(?P<status>\d{3}) \S+ "[^"]*" "[^"]*" (?P<took>\d+(?:\.\d+)?)\s*$'
)
# What a status says of how it ended. Others of 500 and more are errors, and the rest was answered.
OUTCOMES = {
    400: "parse_error",
    408: "timeout",
    429: "rejected",
    499: "hung_up",
    502: "error",
    503: "unavailable",
    504: "timeout",
}


def seconds(text):
    """Seconds since 1970."""
    try:
        return float(text)
    except ValueError:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").timestamp()


def rows(lines):
    for number, line in enumerate(lines, 1):
        found = LINE.match(line)
        if not found:
            print(f"line {number} was left out: {line.strip()[:60]}", file=sys.stderr)
            continue
        took, status = float(found["took"]), int(found["status"])
        words = found["request"].split(" ")
        path = words[1] if len(words) > 1 else ""
        yield {
            "arrived_ms": round((seconds(found["time"]) - took) * 1000),
            "latency_ms": round(took * 1000),
            "outcome": OUTCOMES.get(status, "error" if status >= 500 else "ok"),
            # Two levels: an id in the path would make a route of every request.
            "route": "/".join(path.split("?")[0].split("/")[:3]),
            "user": "" if found["user"] == "-" else found["user"],
            # Digests are only compared with each other, so no address leaves your house.
            "address": hashlib.sha256(found["address"].encode()).hexdigest()[:16],
        }


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        found = sorted(rows(log), key=lambda row: row["arrived_ms"])
    if not found:
        sys.exit("no line of this log could be read")
    out = csv.DictWriter(sys.stdout, found[0].keys(), lineterminator="\n")
    out.writeheader()
    out.writerows(found)


if __name__ == "__main__":
    main()
