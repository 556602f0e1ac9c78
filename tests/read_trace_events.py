"""Reads a trace by the rules of the Trace Event Format, as a viewer would: ours is not the code that decides.

Prints, of the requests' process: tracks, requests, calls, and the longest request in ns; then counters and instants.
Usage: read_trace_events.py FILE
"""
import json
import sys
from decimal import Decimal


def ns(event, key):
    value = Decimal(event[key]) * 1000
    assert value == int(value) and value >= 0, event
    return int(value)


with open(sys.argv[1], encoding="utf-8") as file:
    trace = json.load(file, parse_float=Decimal, parse_int=Decimal)
assert trace["displayTimeUnit"] in ("ms", "ns"), trace["displayTimeUnit"]
events = trace["traceEvents"]
processes, threads, tracks, counters, instants = {}, {}, {}, {}, 0
for event in events:
    kind, place = event["ph"], (event["pid"], event["tid"])
    if kind == "M":
        if event["name"] == "process_name":
            assert event["pid"] not in processes, event
            processes[event["pid"]] = event["args"]["name"]
        elif event["name"] == "thread_name":
            assert place not in threads, event
            threads[place] = event["args"]["name"]
        else:
            assert event["name"] in ("process_sort_index", "thread_sort_index"), event
            assert event["args"]["sort_index"] == int(event["args"]["sort_index"]), event
    elif kind == "X":
        tracks.setdefault(place, []).append((ns(event, "ts"), ns(event, "dur"), event))
    elif kind == "C":
        counters.setdefault((event["pid"], event["name"]), []).append(ns(event, "ts"))
        assert event["args"] and all(isinstance(v, Decimal) for v in event["args"].values()), event
    elif kind == "i":
        assert event["s"] in ("g", "p", "t"), event
        ns(event, "ts")
        instants += 1
    else:
        raise AssertionError(event)
for times in counters.values():
    assert times == sorted(times)
requests, calls, longest = 0, 0, 0
for place, spans in tracks.items():
    assert place[0] in processes and place in threads, place
    open_spans = []
    # Viewers sort by start, and of equal starts the longer is the outer one.
    for start, length, event in sorted(spans, key=lambda s: (s[0], -s[1])):
        end = start + length
        while open_spans and open_spans[-1] <= start:
            open_spans.pop()
        assert not open_spans or end <= open_spans[-1], (threads[place], event)
        open_spans.append(end)
        if event["cat"] == "request":
            requests += 1
            longest = max(longest, length)
        calls += event["cat"] == "call"
of_requests = sum(1 for place in tracks if processes[place[0]].startswith(("the slowest", "requests")))
print("tracks", of_requests, "requests", requests, "calls", calls, "longest", longest)
print("counters", len(counters), "instants", instants)
