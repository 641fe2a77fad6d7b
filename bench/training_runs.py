"""Reads the runs that the compare-*.py scripts compare: folders of training-curves.sh, and jsonl files."""
import json
import os

CONDITIONS = ["none", "repetition", "queue", "both"]
TAIL = 25


def read_lines(path):
    return [json.loads(line) for line in open(path)]


def read_run(runs, condition, seed):
    """Returns the losses of our run's steps, and its dev scores by step."""
    lines = read_lines(os.path.join(runs, f"{condition}-{seed}", "metrics.jsonl"))
    losses = [line["loss"] for line in lines if "loss" in line]
    return losses, {line["step"]: 100 * line["stsb_dev"] for line in lines if "stsb_dev" in line}


def dev_scores(run):
    """Returns the dev scores by step of a run out of a jsonl file."""
    return {entry["step"]: 100 * entry["stsb_dev"] for entry in run["evaluations"]}


def mean(values):
    return sum(values) / len(values)


def tail(losses):
    """Returns the mean of the last losses."""
    return mean(losses[-TAIL:])
