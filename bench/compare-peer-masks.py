"""Our runs beside libtorch's where both drop the same elements: compare-peer-masks.py RUNS masks.jsonl > results/training-peer-masks.md

RUNS holds CONDITION-SEED folders as training-curves.sh writes them; masks.jsonl is what MASKS=ours peers/torchsharp/run.sh wrote.
"""
import sys

from training_runs import CONDITIONS, dev_scores, ours, read_lines, tail

print("""# The same training in libtorch, with the same dropout

As [training-peer.md](training-peer.md), but libtorch drops the elements that our own run drops (`peers/torchsharp/TorchDropout.cs` draws them again, an element at a time): weights, views,
order of the data, head and masks are the same on both sides, and libtorch's operations, autograd and AdamW on padded batches compute on one, ours on packed ones on the other. 150 steps.

    MASKS=ours COMPAT=... bench/peers/torchsharp/run.sh DATA CONDITION 150 SEED... >> training-peer-masks.jsonl
    python3 bench/compare-peer-masks.py RUNS training-peer-masks.jsonl

Loss: mean of the last 25 steps. Relative difference: the largest over the losses of all steps up to that one. Dev: Spearman x 100.

| | seed | loss, ours | libtorch | relative difference to step 25 | to step 150 | dev at 150, ours | libtorch | largest difference in dev at any evaluation |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |""")
for run in sorted(read_lines(sys.argv[2]), key=lambda run: (CONDITIONS.index(run["condition"]), run["seed"])):
    losses, dev = ours(sys.argv[1], run["condition"], run["seed"])
    theirs = dev_scores(run)
    if len(losses) != len(run["loss"]) or dev.keys() != theirs.keys():
        sys.exit(f"{run['condition']} {run['seed']}: the two runs have other steps or evaluations")
    relative = [abs(a - b) / a for a, b in zip(losses, run["loss"])]
    print(f"| {run['condition']} | {run['seed']} | {tail(losses):.5f} | {tail(run['loss']):.5f} | {max(relative[:25]):.1e} | {max(relative):.1e} "
          f"| {dev[150]:.3f} | {theirs[150]:.3f} | {max(abs(dev[step] - theirs[step]) for step in dev):.3f} |")
