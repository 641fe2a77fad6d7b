"""Our training curves beside PyTorch's: compare-training.py RUNS training.jsonl > results/training-curves.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; training.jsonl has one object a PyTorch run.
"""
import itertools
import json
import math
import os
import sys

from training_runs import CONDITIONS, TAIL, dev_scores, mean, ours, read_lines, tail


def finished(runs, condition):
    for seed in range(1, 10):
        scores = os.path.join(runs, f"{condition}-{seed}", "scores.json")
        if not os.path.exists(scores) or os.path.getsize(scores) == 0:
            continue
        losses, dev = ours(runs, condition, seed)
        sets = json.load(open(scores))["sets"]
        yield {
            "seed": seed,
            "dev": dev,
            "loss": losses,
            "test": 100 * sets["stsb-test"]["spearman"],
            "sick": 100 * sets["sick"]["spearman"],
        }


def theirs(path, condition):
    for run in read_lines(path):
        if run["condition"] == condition:
            yield {
                "seed": run["seed"],
                "dev": dev_scores(run),
                "loss": run["loss"],
                "test": 100 * run["stsb_test"],
                "sick": 100 * run["sick"],
            }


def variance(values):
    return sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1) if len(values) > 1 else float("nan")


def chance(left, right):
    """Exact permutation test: the share of all ways to split the values into two groups of these sizes whose means differ at least as much."""
    values, observed = left + right, abs(mean(left) - mean(right)) - 1e-12
    total = sum(values)
    sums = [sum(group) for group in itertools.combinations(values, len(right))]
    return sum(abs((total - part) / len(left) - part / len(right)) >= observed for part in sums) / len(sums)


def row(name, left, right):
    error = math.sqrt(variance(left) / len(left) + variance(right) / len(right))
    difference = mean(left) - mean(right)
    mark = " *" if abs(difference) > 2 * error else ""
    print(f"| {name} | {mean(left):.2f} ({min(left):.2f}-{max(left):.2f}) | {mean(right):.2f} ({min(right):.2f}-{max(right):.2f}) | {difference:+.2f} | {error:.2f}{mark} | {chance(left, right):.3f} |")


print("# Training curves beside PyTorch's\n")
print("bert-mlm-l4-h384, 150 steps of 64 sentences of wikipedia-en-10k, learning rate 3e-4; Spearman x 100, raw [CLS], full length. Mean (range) over the seeds.")
print("`*`: the means differ by more than two standard errors of their difference. With three seeds a side that error is itself uncertain.")
print("`p`: the share of all regroupings of the same values, eight and three, whose means differ at least as much (exact permutation test, two-sided).")
print("PyTorch draws other random numbers from the same seed, so runs are not paired.\n")
print("    SEEDS='1 2 3 4 5 6 7 8' bench/training-curves.sh DATA RUNS && python3 bench/compare-training.py RUNS DATA/golden/bert-mlm-l4-h384/training.jsonl\n")
for condition in CONDITIONS:
    left, right = list(finished(sys.argv[1], condition)), list(theirs(sys.argv[2], condition))
    print(f"## {condition}: {len(left)} seeds of ours, {len(right)} of PyTorch's\n")
    if not left:
        print("not run\n")
        continue
    print("| | ours | PyTorch | difference | standard error | p |\n| --- | --- | --- | --- | --- | --- |")
    for step in sorted(right[0]["dev"]):
        row(f"dev, step {step}", [run["dev"][step] for run in left], [run["dev"][step] for run in right])
    row("dev, best", [max(run["dev"].values()) for run in left], [max(run["dev"].values()) for run in right])
    row("STS-B test, best", [run["test"] for run in left], [run["test"] for run in right])
    row("SICK test, best", [run["sick"] for run in left], [run["sick"] for run in right])
    tails = [tail(run["loss"]) for run in left], [tail(run["loss"]) for run in right]
    low, high = 0.9 * min(tails[1]), 1.1 * max(tails[1])
    inside = all(low <= loss <= high for loss in tails[0])
    print(f"\nloss, mean of the last {TAIL} steps: ours {', '.join(f'{loss:.4f}' for loss in tails[0])}; PyTorch {', '.join(f'{loss:.4f}' for loss in tails[1])}; "
          f"{'all inside' if inside else 'NOT all inside'} PyTorch's range widened by a tenth ({low:.4f} to {high:.4f})\n")
