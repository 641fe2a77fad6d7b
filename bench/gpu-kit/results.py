"""Reads the results of the GPU kit, and computes floors and targets."""
import json

STEPS_OF_MILLION = 15_625
SENTENCE_TOKENS = 26
TRAINING_BATCH = 64


class Results:
    def __init__(self, path):
        with open(path, encoding="utf8") as file:
            self.lines = [json.loads(line) for line in file if line.startswith("{")]
        self.facts = {line["name"]: line["value"] for line in self.lines if line["part"] == "fact"}

    def find(self, part, **fields):
        """Returns the lines of a part with these fields that have a time."""
        found = (line for line in self.lines if line["part"] == part and "failed" not in line)
        return [line for line in found if all(line.get(name) == value for name, value in fields.items())]

    def best_rate(self, part, **fields):
        """Returns the highest sentences per second, or None."""
        rates = [rate(line) for line in self.find(part, **fields)]
        return max(rates, default=None)

    def step(self, who, precision=None):
        """Returns the milliseconds of bert-base's step of 64 short sentences, or None."""
        fields = dict(who=who, model="base", batch=TRAINING_BATCH, tokens=SENTENCE_TOKENS)
        if precision:
            fields["precision"] = precision
        return min((line["ms"] for line in self.find("step", **fields)), default=None)

    def status(self, phase):
        statuses = [line["status"] for line in self.lines if line["part"] == "phase" and line["name"] == phase]
        return statuses[-1] if statuses else "not run"

    def copy_rate(self):
        """Returns the bytes a millisecond of a large copy, or None."""
        return max((line["bytes"] / line["ms"] for line in self.find("ceiling", name="copy")), default=None)

    def product_rate(self, precision):
        """Returns the operations a millisecond of a large product, or None."""
        found = self.find("ceiling", name="product", precision=precision)
        return max((line["operations"] / line["ms"] for line in found), default=None)

    def floor(self, line):
        """Returns the least milliseconds of a line's work, or None without ceilings.

        A step's products and its optimizer's pass follow each other; an operation computes while it reads and writes.
        """
        copy, product = self.copy_rate(), self.product_rate(line["precision"])
        if not copy or not product:
            return None
        times = [line.get("operations", 0) / product, line.get("bytes", 0) / copy]
        return sum(times) if line["part"] == "step" else max(times)

    def million_seconds(self):
        """Extrapolates two runs of `esimcse train` to an epoch of a million sentences, in seconds, or None."""
        runs = sorted(self.find("command", name="esimcse train"), key=lambda line: line["steps"])
        if len(runs) < 2:
            return None
        short, long = runs[0], runs[-1]
        of_step = (long["ms"] - short["ms"]) / (long["steps"] - short["steps"])
        return (long["ms"] + of_step * (STEPS_OF_MILLION - long["steps"])) / 1e3


def rate(line):
    return 1e3 * line["sentences"] / line["ms"]


def ratio(over, under):
    return over / under if over and under else None


def targets(results):
    """Returns the targets as (text, found, limit, whether at most); found is None where it was not measured."""
    ours = results.step("ours", "bf16")
    base = results.best_rate("embedding", who="ours", model="base", tokens=SENTENCE_TOKENS)
    mini = results.best_rate("embedding", who="ours", model="mini", tokens=SENTENCE_TOKENS)
    command = results.best_rate("command", name="esimcse embed", model="base")
    return [
        ("bert-base step, batch 64, ms", ours, 5.0, True),
        ("times torch.compile's step", ratio(results.step("PyTorch compiled"), ours), 2.5, False),
        ("times tuned PyTorch's step", ratio(results.step("PyTorch tuned"), ours), 6, False),
        ("bert-base embedding, 26 tokens, sentences/s", base, 115_000, False),
        ("MiniLM-L6 embedding, 26 tokens, sentences/s", mini, 450_000, False),
        ("`esimcse embed` over the engine's rate, bert-base", ratio(command, base), 0.85, False),
        ("a million sentences in `esimcse train`, s, extrapolated", results.million_seconds(), 100, True),
    ]
