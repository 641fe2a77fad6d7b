"""Our runs beside libtorch's of the same seeds, order and head: compare-peer.py RUNS peer.jsonl training.jsonl > results/training-peer.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; peer.jsonl is what peers/torchsharp/run.sh wrote; training.jsonl are the recorded PyTorch runs.
"""
import math
import sys

from training_runs import CONDITIONS, dev_scores, mean, ours, read_lines, tail


def deviation(values):
    return math.sqrt(sum((value - mean(values)) ** 2 for value in values) / (len(values) - 1))


def table(runs, peers, recorded):
    condition = peers[0]["condition"]
    tails = [tail(run["loss"]) for run in recorded if run["condition"] == condition]
    everything = tails + [tail(peer["loss"]) for peer in peers]
    low, high, wide_low, wide_high = 0.9 * min(tails), 1.1 * max(tails), 0.9 * min(everything), 1.1 * max(everything)
    inside = lambda value: "yes" if low <= value <= high else "no"
    print(f"## {condition}\n")
    print(f"In range: within the recorded PyTorch runs' ({', '.join(f'{value:.5f}' for value in tails)}), widened by a tenth: {low:.5f} to {high:.5f}.\n")
    print("| seed | loss, ours | in range | loss, libtorch | in range | dev at 25, ours | libtorch | dev at 150, ours | libtorch |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for peer in sorted(peers, key=lambda peer: peer["seed"]):
        losses, dev = ours(runs, condition, peer["seed"])
        theirs = dev_scores(peer)
        rows.append((tail(losses), tail(peer["loss"]), dev, theirs))
        a, b = rows[-1][:2]
        print(f"| {peer['seed']} | {a:.5f} | {inside(a)} | {b:.5f} | {inside(b)} | {dev[25]:.2f} | {theirs[25]:.2f} | {dev[150]:.2f} | {theirs[150]:.2f} |")
    print("\n| | ours | libtorch | mean of the paired differences | its standard error |\n| --- | --- | --- | --- | --- |")
    measures = [("log of the loss", [math.log(row[0]) for row in rows], [math.log(row[1]) for row in rows], 3)]
    measures += [(f"dev at {step}", [row[2][step] for row in rows], [row[3][step] for row in rows], 2) for step in sorted(rows[0][2])]
    for name, left, right, digits in measures:
        differences = [a - b for a, b in zip(left, right)]
        print(f"| {name} | {mean(left):.{digits}f} | {mean(right):.{digits}f} | {mean(differences):+.{digits}f} | {deviation(differences) / math.sqrt(len(differences)):.{digits}f} |")
    within = sum(wide_low <= row[0] <= wide_high for row in rows)
    print(f"\nPyTorch's runs together, recorded and these, widened by a tenth: {wide_low:.5f} to {wide_high:.5f}; of our {len(rows)} seeds {within} lie within.\n")


all_peers, recorded = read_lines(sys.argv[2]), read_lines(sys.argv[3])
print("# The same training in libtorch\n")
print("Same seeds, weights, order of the data, views and head on both sides; libtorch's autograd, AdamW and dropout draws on one. Mean loss of the last 25 steps, and dev (Spearman x 100).\n")
print(f"    for CONDITION in {' '.join(sorted({peer['condition'] for peer in all_peers}))}; do COMPAT=... bench/peers/torchsharp/run.sh DATA $CONDITION 150 {' '.join(str(seed) for seed in sorted({peer['seed'] for peer in all_peers}))} >> peer.jsonl; done")
print("    python3 bench/compare-peer.py RUNS peer.jsonl DATA/golden/bert-mlm-l4-h384/training.jsonl\n")
for condition in CONDITIONS:
    peers = [peer for peer in all_peers if peer["condition"] == condition]
    if len(peers) > 1:
        table(sys.argv[1], peers, recorded)
