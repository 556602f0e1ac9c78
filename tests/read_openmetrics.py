"""Reads metrics with the parser of prometheus_client: each moment as one scrape, as it has no eye for several in a file.

Prints how many scrapes there are, and of the last one the sum of each sample's name.
Usage: read_openmetrics.py FILE
"""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    text = file.read()
assert text.endswith("\n# EOF\n"), text[-20:]
heads, scrapes = [], {}
for line in text.split("\n")[:-2]:
    if line.startswith("#"):
        heads.append(line)
        for lines in scrapes.values():
            lines.append(line)
    else:
        moment = line.rsplit(" ", 1)[1]
        scrapes.setdefault(moment, list(heads)).append(line)
last = {}
for moment, lines in scrapes.items():
    families = list(text_string_to_metric_families("\n".join(lines + ["# EOF", ""])))
    assert families and all(family.type != "unknown" for family in families), families
    now = {}
    for family in families:
        for sample in family.samples:
            assert float(sample.timestamp) == float(moment), sample
            now[sample.name] = now.get(sample.name, 0) + sample.value
            if family.type == "counter":
                assert sample.name.endswith("_total"), sample
    for name, value in now.items():
        if name.endswith(("_total", "_count", "_sum", "_bucket")):
            assert value >= last.get(name, 0), (name, value, last[name])
    last = now
print("scrapes", len(scrapes))
for name, value in last.items():
    print(name, value)
