"""What the compare-*.py scripts share: runs as training-curves.sh leaves them (CONDITION-SEED folders), runs as jsonl, and their figures."""
import json
import os

CONDITIONS = ["none", "repetition", "queue", "both"]
TAIL = 25


def read_lines(path):
    return [json.loads(line) for line in open(path)]


def ours(runs, condition, seed):
    """The losses of a run's steps, and its dev scores by step."""
    lines = read_lines(os.path.join(runs, f"{condition}-{seed}", "metrics.jsonl"))
    return [line["loss"] for line in lines if "loss" in line], {line["step"]: 100 * line["stsb_dev"] for line in lines if "stsb_dev" in line}


def dev_scores(run):
    """Dev scores by step of a run that stands in a jsonl."""
    return {entry["step"]: 100 * entry["stsb_dev"] for entry in run["evaluations"]}


def mean(values):
    return sum(values) / len(values)


def tail(losses):
    return mean(losses[-TAIL:])
