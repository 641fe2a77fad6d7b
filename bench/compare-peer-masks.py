"""Compares our runs with libtorch's where both drop the same elements.

usage: compare-peer-masks.py RUNS masks.jsonl > results/training-peer-masks.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; masks.jsonl is the output of
MASKS=ours peers/torchsharp/run.sh.
"""
import sys

from training_runs import CONDITIONS, dev_scores, read_lines, read_run, tail

INTRODUCTION = """# The same training in libtorch, with the same dropout

As [training-peer.md](training-peer.md), but libtorch drops the elements that our own run drops
(`peers/torchsharp/TorchDropout.cs` draws them again, an element at a time): weights, views, order of the data, head and
masks are the same on both sides; libtorch's operations, autograd and AdamW on padded batches compute on one, ours on
packed ones on the other. 150 steps.

    MASKS=ours bench/peers/torchsharp/run.sh DATA CONDITION 150 SEED... >> training-peer-masks.jsonl
    python3 bench/compare-peer-masks.py RUNS training-peer-masks.jsonl

Loss: mean of the last 25 steps. Relative difference: the largest over the losses of all steps up to that one. Dev:
Spearman x 100.
"""

HEADER = ["", "seed", "loss, ours", "libtorch", "relative difference to step 25", "to step 150", "dev at 150, ours",
          "libtorch", "largest difference in dev at any evaluation"]


def row(runs, peer):
    losses, dev = read_run(runs, peer["condition"], peer["seed"])
    peer_dev = dev_scores(peer)
    if len(losses) != len(peer["loss"]) or dev.keys() != peer_dev.keys():
        sys.exit(f"{peer['condition']} {peer['seed']}: the two runs have other steps or evaluations")
    relative = [abs(a - b) / a for a, b in zip(losses, peer["loss"])]
    largest = max(abs(peer_dev[step] - dev[step]) for step in dev)
    return [peer["condition"], peer["seed"], f"{tail(losses):.5f}", f"{tail(peer['loss']):.5f}",
            f"{max(relative[:25]):.1e}", f"{max(relative):.1e}", f"{dev[150]:.3f}", f"{peer_dev[150]:.3f}",
            f"{largest:.3f}"]


def main():
    print(INTRODUCTION)
    print(f"| {' | '.join(HEADER)} |\n|{' --- |' * len(HEADER)}".replace("|  |", "| |"))
    for peer in sorted(read_lines(sys.argv[2]), key=lambda run: (CONDITIONS.index(run["condition"]), run["seed"])):
        print(f"| {' | '.join(str(cell) for cell in row(sys.argv[1], peer))} |")


main()
