"""Compares losses and dev scores of libtorch's runs with ours and with the recorded ones: means and ranges.

usage: compare-peer-losses.py training-curves.md training-peer.jsonl training.jsonl

training-curves.md is compare-training.py's table of our runs, training-peer.jsonl the output of
peers/torchsharp/run.sh, training.jsonl the recorded PyTorch runs. Only conditions that libtorch was run under are
shown.
"""
import re
import sys

from training_runs import CONDITIONS, dev_scores, mean, read_lines, tail

INTRODUCTION = """# libtorch's own losses: every condition

The same training in libtorch (`peers/torchsharp`), with our seeds, weights, order of the data, views and head, compared
with our runs and the three recorded ones of PyTorch. Mean loss of the last 25 steps; dev is Spearman x 100; mean
(range) over the seeds. Inside: within the range of PyTorch's runs, widened by a tenth.

    bench/peers/torchsharp/run.sh DATA CONDITION 150 SEED... >> bench/results/training-peer.jsonl
    python3 bench/compare-peer-losses.py bench/results/training-curves.md bench/results/training-peer.jsonl \\
      DATA/golden/bert-mlm-l4-h384/training.jsonl"""


def read_ours(text, condition):
    """Returns our seeds' losses, and the cell of each evaluation by step."""
    section = text.split(f"## {condition}: ")[1].split("\n## ")[0]
    losses = re.search(r"last \d+ steps: ours ([\d., ]+);", section).group(1)
    cells = re.findall(r"^\| dev, step (\d+) \| ([^|]+) \|", section, re.MULTILINE)
    return [float(value) for value in losses.split(",")], dict(cells)


def spread(values, digits):
    return f"{mean(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def count_inside(values, range_of):
    low = 0.9 * min(range_of)
    high = 1.1 * max(range_of)
    return sum(low <= value <= high for value in values)


def table(condition, text, peer_runs, recorded_runs):
    ours, dev = read_ours(text, condition)
    recorded = [tail(run["loss"]) for run in recorded_runs]
    peer = [tail(run["loss"]) for run in peer_runs]
    pytorch = recorded + peer
    seeds = ", ".join(str(run["seed"]) for run in peer_runs)
    print(f"\n## {condition}\n")
    print(f"| | ours, {len(ours)} seeds | libtorch, seeds {seeds} | PyTorch, {len(recorded)} recorded |")
    print("| --- | --- | --- | --- |")
    print(f"| loss | {spread(ours, 4)} | {spread(peer, 4)} | {spread(recorded, 4)} |")
    for step in sorted(dev, key=int):
        peer_scores = [dev_scores(run)[int(step)] for run in peer_runs]
        recorded_scores = [dev_scores(run)[int(step)] for run in recorded_runs]
        print(f"| dev, step {step} | {dev[step].strip()} | {spread(peer_scores, 2)} | {spread(recorded_scores, 2)} |")
    print(f"\nInside the recorded runs' range: {count_inside(ours, recorded)} of {len(ours)} of ours, "
          f"{count_inside(peer, recorded)} of {len(peer)} of libtorch's. "
          f"Inside that of all {len(pytorch)} PyTorch runs: {count_inside(ours, pytorch)} of {len(ours)} of ours.")


def main():
    text = open(sys.argv[1]).read()
    peers = read_lines(sys.argv[2])
    recorded = read_lines(sys.argv[3])
    print(INTRODUCTION)
    for condition in CONDITIONS:
        peer_runs = [run for run in peers if run["condition"] == condition]
        if peer_runs:
            table(condition, text, peer_runs, [run for run in recorded if run["condition"] == condition])


main()
