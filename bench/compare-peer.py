"""Compares our runs with libtorch's of the same seeds, order and head.

usage: compare-peer.py RUNS peer.jsonl training.jsonl > results/training-peer.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; peer.jsonl is the output of
peers/torchsharp/run.sh; training.jsonl holds the recorded PyTorch runs.
"""
import math
import sys

from training_runs import CONDITIONS, dev_scores, mean, read_lines, read_run, tail


def standard_error(values):
    variance = sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1)
    return math.sqrt(variance / len(values))


def widened(values):
    return 0.9 * min(values), 1.1 * max(values)


def seed_table(rows, low, high):
    """One row a seed: losses, whether each is in range, and two dev scores."""
    def in_range(value):
        return "yes" if low <= value <= high else "no"

    print("| seed | loss, ours | in range | loss, libtorch | in range | dev at 25, ours | libtorch | dev at 150, ours "
          "| libtorch |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for seed, ours, peer, dev, peer_dev in rows:
        print(f"| {seed} | {ours:.5f} | {in_range(ours)} | {peer:.5f} | {in_range(peer)} "
              f"| {dev[25]:.2f} | {peer_dev[25]:.2f} | {dev[150]:.2f} | {peer_dev[150]:.2f} |")


def difference_table(rows):
    """One row a measure: means of both sides, mean and standard error of the paired differences."""
    measures = [("log of the loss", [math.log(row[1]) for row in rows], [math.log(row[2]) for row in rows], 3)]
    for step in sorted(rows[0][3]):
        measures.append((f"dev at {step}", [row[3][step] for row in rows], [row[4][step] for row in rows], 2))
    print("\n| | ours | libtorch | mean of the paired differences | its standard error |")
    print("| --- | --- | --- | --- | --- |")
    for name, left, right, digits in measures:
        differences = [a - b for a, b in zip(left, right)]
        print(f"| {name} | {mean(left):.{digits}f} | {mean(right):.{digits}f} | {mean(differences):+.{digits}f} "
              f"| {standard_error(differences):.{digits}f} |")


def table(runs, peers, recorded):
    condition = peers[0]["condition"]
    tails = [tail(run["loss"]) for run in recorded if run["condition"] == condition]
    low, high = widened(tails)
    print(f"## {condition}\n")
    print(f"In range: within the recorded PyTorch runs' ({', '.join(f'{value:.5f}' for value in tails)}), "
          f"widened by a tenth: {low:.5f} to {high:.5f}.\n")
    rows = []
    for peer in sorted(peers, key=lambda run: run["seed"]):
        losses, dev = read_run(runs, condition, peer["seed"])
        rows.append((peer["seed"], tail(losses), tail(peer["loss"]), dev, dev_scores(peer)))
    seed_table(rows, low, high)
    difference_table(rows)
    wide_low, wide_high = widened(tails + [row[2] for row in rows])
    within = sum(wide_low <= row[1] <= wide_high for row in rows)
    print(f"\nPyTorch's runs together, recorded and these, widened by a tenth: {wide_low:.5f} to {wide_high:.5f}; "
          f"{within} of our {len(rows)} seeds are inside.\n")


def introduction(peers):
    conditions = " ".join(sorted({peer["condition"] for peer in peers}))
    seeds = " ".join(str(seed) for seed in sorted({peer["seed"] for peer in peers}))
    print("# The same training in libtorch\n")
    print("Same seeds, weights, order of the data, views and head on both sides; libtorch's autograd, AdamW and\n"
          "dropout draws on one. Mean loss of the last 25 steps, and dev (Spearman x 100).\n")
    print(f"    for CONDITION in {conditions}; do")
    print(f"      bench/peers/torchsharp/run.sh DATA $CONDITION 150 {seeds} >> peer.jsonl")
    print("    done")
    print("    python3 bench/compare-peer.py RUNS peer.jsonl DATA/golden/bert-mlm-l4-h384/training.jsonl\n")


def main():
    all_peers = read_lines(sys.argv[2])
    recorded = read_lines(sys.argv[3])
    introduction(all_peers)
    for condition in CONDITIONS:
        peers = [peer for peer in all_peers if peer["condition"] == condition]
        if len(peers) > 1:
            table(sys.argv[1], peers, recorded)


main()
