"""Compares our training curves with PyTorch's.

usage: compare-training.py RUNS training.jsonl > results/training-curves.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; training.jsonl has one object a PyTorch run.
"""
import itertools
import json
import math
import os
import sys

from training_runs import CONDITIONS, TAIL, dev_scores, mean, read_lines, read_run, tail

INTRODUCTION = """# Training curves and PyTorch's

bert-mlm-l4-h384, 150 steps of 64 sentences of wikipedia-en-10k, learning rate 3e-4; Spearman x 100, raw [CLS], full
length. Mean (range) over the seeds.
`*`: the means differ by more than two standard errors of their difference. With three seeds a side that error is itself
uncertain.
`p`: the share of all regroupings of the same values, eight and three, whose means differ at least as much (exact
permutation test, two-sided).
PyTorch draws other random numbers from the same seed, so runs are not paired.

    SEEDS='1 2 3 4 5 6 7 8' bench/training-curves.sh DATA RUNS
    python3 bench/compare-training.py RUNS DATA/golden/bert-mlm-l4-h384/training.jsonl
"""


def our_runs(runs, condition):
    """Yields the finished ones of our runs."""
    for seed in range(1, 10):
        scores = os.path.join(runs, f"{condition}-{seed}", "scores.json")
        if not os.path.exists(scores) or os.path.getsize(scores) == 0:
            continue
        losses, dev = read_run(runs, condition, seed)
        sets = json.load(open(scores))["sets"]
        test = 100 * sets["stsb-test"]["spearman"]
        yield {"dev": dev, "loss": losses, "test": test, "sick": 100 * sets["sick"]["spearman"]}


def pytorch_runs(path, condition):
    for run in read_lines(path):
        if run["condition"] == condition:
            test = 100 * run["stsb_test"]
            yield {"dev": dev_scores(run), "loss": run["loss"], "test": test, "sick": 100 * run["sick"]}


def variance(values):
    if len(values) < 2:
        return float("nan")
    return sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1)


def permutation_p(left, right):
    """Returns the share of all splits into groups of these sizes whose means differ at least as much."""
    values = left + right
    observed = abs(mean(left) - mean(right)) - 1e-12
    total = sum(values)
    sums = [sum(group) for group in itertools.combinations(values, len(right))]
    return sum(abs((total - part) / len(left) - part / len(right)) >= observed for part in sums) / len(sums)


def spread(values):
    return f"{mean(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def row(name, left, right):
    error = math.sqrt(variance(left) / len(left) + variance(right) / len(right))
    difference = mean(left) - mean(right)
    mark = " *" if abs(difference) > 2 * error else ""
    print(f"| {name} | {spread(left)} | {spread(right)} | {difference:+.2f} | {error:.2f}{mark} "
          f"| {permutation_p(left, right):.3f} |")


def loss_line(left, right):
    ours = [tail(run["loss"]) for run in left]
    pytorch = [tail(run["loss"]) for run in right]
    low = 0.9 * min(pytorch)
    high = 1.1 * max(pytorch)
    verdict = "all inside" if all(low <= loss <= high for loss in ours) else "NOT all inside"
    print(f"\nloss, mean of the last {TAIL} steps: ours {', '.join(f'{loss:.4f}' for loss in ours)}; "
          f"PyTorch {', '.join(f'{loss:.4f}' for loss in pytorch)}; "
          f"{verdict} PyTorch's range widened by a tenth ({low:.4f} to {high:.4f})\n")


def table(condition, left, right):
    print(f"## {condition}: {len(left)} seeds of ours, {len(right)} of PyTorch's\n")
    if not left:
        print("not run\n")
        return
    print("| | ours | PyTorch | difference | standard error | p |\n| --- | --- | --- | --- | --- | --- |")
    for step in sorted(right[0]["dev"]):
        row(f"dev, step {step}", [run["dev"][step] for run in left], [run["dev"][step] for run in right])
    row("dev, best", [max(run["dev"].values()) for run in left], [max(run["dev"].values()) for run in right])
    row("STS-B test, best", [run["test"] for run in left], [run["test"] for run in right])
    row("SICK test, best", [run["sick"] for run in left], [run["sick"] for run in right])
    loss_line(left, right)


print(INTRODUCTION)
for condition in CONDITIONS:
    table(condition, list(our_runs(sys.argv[1], condition)), list(pytorch_runs(sys.argv[2], condition)))
