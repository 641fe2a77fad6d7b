"""Losses and dev scores of libtorch's runs beside ours and the recorded ones, means and ranges: compare-peer-losses.py training-curves.md training-peer.jsonl training.jsonl

training-curves.md is what compare-training.py wrote of our runs; training-peer.jsonl what peers/torchsharp/run.sh wrote, training.jsonl the recorded PyTorch runs. Only
conditions that libtorch was run under are shown.
"""
import re
import sys

from training_runs import CONDITIONS, dev_scores, mean, read_lines, tail


def ours(text, condition):
    """Our seeds' losses, and the row of each evaluation as it stands there."""
    section = text.split(f"## {condition}: ")[1].split("\n## ")[0]
    losses = [float(value) for value in re.search(r"last \d+ steps: ours ([\d., ]+);", section).group(1).split(",")]
    return losses, dict(re.findall(r"^\| dev, step (\d+) \| ([^|]+) \|", section, re.MULTILINE))


def spread(values, digits):
    return f"{mean(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


text = open(sys.argv[1]).read()
peers, recorded = read_lines(sys.argv[2]), read_lines(sys.argv[3])
print("# libtorch's own losses: every condition\n")
print("The same training in libtorch (`peers/torchsharp`), with our seeds, weights, order of the data, views and head, beside our runs and the three recorded ones of PyTorch. Mean loss of the")
print("last 25 steps; dev is Spearman x 100; mean (range) over the seeds. Inside: within the range of PyTorch's runs, widened by a tenth.\n")
print("    COMPAT=... bench/peers/torchsharp/run.sh DATA CONDITION 150 SEED... >> bench/results/training-peer.jsonl")
print("    python3 bench/compare-peer-losses.py bench/results/training-curves.md bench/results/training-peer.jsonl DATA/golden/bert-mlm-l4-h384/training.jsonl")
for condition in CONDITIONS:
    theirs = [run for run in peers if run["condition"] == condition]
    if not theirs:
        continue
    three = [run for run in recorded if run["condition"] == condition]
    mine, dev = ours(text, condition)
    few, all_runs = [tail(run["loss"]) for run in three], [tail(run["loss"]) for run in three + theirs]
    inside = lambda values, runs: sum(0.9 * min(runs) <= value <= 1.1 * max(runs) for value in values)
    peer = [tail(run["loss"]) for run in theirs]
    print(f"\n## {condition}\n\n| | ours, {len(mine)} seeds | libtorch, seeds {', '.join(str(run['seed']) for run in theirs)} | PyTorch, {len(three)} recorded |\n| --- | --- | --- | --- |")
    print(f"| loss | {spread(mine, 4)} | {spread(peer, 4)} | {spread(few, 4)} |")
    for step in sorted(dev, key=int):
        scores = [[dev_scores(run)[int(step)] for run in runs] for runs in (theirs, three)]
        print(f"| dev, step {step} | {dev[step].strip()} | {spread(scores[0], 2)} | {spread(scores[1], 2)} |")
    print(f"\nInside the recorded runs' range: {inside(mine, few)} of {len(mine)} of ours, {inside(peer, few)} of {len(peer)} of libtorch's. "
          f"Inside that of all {len(all_runs)} PyTorch runs: {inside(mine, all_runs)} of {len(mine)} of ours.")
