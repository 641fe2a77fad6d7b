#!/usr/bin/env python3
"""Turns ncu's csv into lines of JSON: kernels.py FILE.csv PART FIRST-KERNEL

The launches are cut where a kernel starts whose name begins with FIRST-KERNEL, and the last whole piece is summed, a
line a kernel: a step of training, or a batch of embedding.
"""
import collections
import csv
import json
import sys

TIME, BYTES = "gpu__time_duration.sum", "dram__bytes.sum"
NANOSECONDS = {"ns": 1, "nsecond": 1, "us": 1e3, "usecond": 1e3, "ms": 1e6, "msecond": 1e6}
BYTES_OF = {"byte": 1, "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9}


def read_launches(path):
    """Returns a dictionary a launch, in the order of launches."""
    launches = {}
    with open(path, encoding="utf8") as file:
        for row in csv.DictReader(line for line in file if line.startswith('"')):
            launch = launches.setdefault(row["ID"], {"kernel": row["Kernel Name"], TIME: 0, BYTES: 0})
            unit = {**NANOSECONDS, **BYTES_OF}[row["Metric Unit"]]
            launch[row["Metric Name"]] = unit * float(row["Metric Value"].replace(",", ""))
    return list(launches.values())


def last_whole_piece(launches, first):
    starts = [i for i, launch in enumerate(launches) if launch["kernel"].startswith(first)]
    if len(starts) < 2:
        sys.exit(f"found {len(starts)} launches of {first}, expected 2 at the least")
    return launches[starts[-2] : starts[-1]]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    path, part, first = sys.argv[1:]
    sums = collections.defaultdict(lambda: [0, 0, 0])
    for launch in last_whole_piece(read_launches(path), first):
        found = sums[launch["kernel"]]
        found[0] += 1
        found[1] += launch[TIME]
        found[2] += launch[BYTES]
    for kernel, (launches, nanoseconds, moved) in sums.items():
        fields = dict(part="kernel", work=part, name=kernel, launches=launches)
        print(json.dumps({**fields, "ms": nanoseconds / 1e6, "bytes": moved}))


if __name__ == "__main__":
    main()
