#!/usr/bin/env python3
"""Tests the report on samples that this file makes up: none of their numbers was measured."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import kernels  # noqa: E402
import report  # noqa: E402
from results import Results, targets  # noqa: E402


def step(who, ms, **fields):
    line = dict(part="step", who=who, name="training step", model="base", precision="bf16", batch=64, tokens=26)
    return {**line, "ms": ms, "least": ms, "most": ms, "sentences": 64, **fields}


def embedding(who, model, ms, **fields):
    line = dict(part="embedding", who=who, model=model, precision="fp16", batch=1000, tokens=26)
    return {**line, "ms": ms, "least": ms, "most": ms, "sentences": 1000, **fields}


def command(name, model, sentences, ms, **fields):
    line = dict(part="command", who="ours", name=name, model=model, sentences=sentences)
    return {**line, "ms": ms, "least": ms, "most": ms, **fields}


SAMPLE = [
    dict(part="fact", name="sample", value="made up by report_test.py"),
    dict(part="fact", name="card", value="SAMPLE Card 1"),
    dict(part="phase", name="tests", status="ok", seconds=9, limit=110, note="Total: 9, Failed: 0"),
    dict(part="phase", name="memcheck", status="cut off", seconds=110, limit=110, note=""),
    dict(part="ceiling", who="ours", name="copy", precision="bf16", ms=1, bytes=4e9, operations=0),
    dict(part="ceiling", who="ours", name="product", precision="bf16", ms=1, bytes=0, operations=8e11),
    step("ours", 4, operations=1.6e12, bytes=4e9),
    step("ours", 0, batch=1024, failed="out of device memory"),
    step("PyTorch tuned", 20, precision="bf16"),
    step("PyTorch compiled", 10, precision="bf16"),
    embedding("ours", "base", 10),
    embedding("ours", "mini", 1),
    embedding("PyTorch eager", "base", 20),
    command("esimcse embed", "base", 9000, 100),
    command("esimcse train", "base", 32000, 3500, steps=500),
    command("esimcse train", "base", 160000, 13500, steps=2500),
    dict(
        part="operation", who="ours", name="GELU", model="base", precision="bf16", tokens=26, ms=0.5,
        operations=8e10, bytes=1e9,
    ),
    dict(part="kernel", work="steps", name="adamw_update", launches=1, ms=1.0, bytes=4e9),
]


class ReportTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "results.jsonl")
        with open(self.path, "w", encoding="utf8") as file:
            file.write("not json\n" + "".join(json.dumps(line) + "\n" for line in SAMPLE))
        self.results = Results(self.path)

    def run_report(self, *options):
        command_line = [sys.executable, os.path.join(HERE, "report.py"), self.path, *options]
        return subprocess.run(command_line, capture_output=True, text=True, check=False)

    def test_targets_are_ratios_of_the_same_run(self):
        found = [round(value, 3) for _, value, _, _ in targets(self.results)]
        self.assertEqual(found, [4, 2.5, 5, 100_000, 1_000_000, 0.9, 79.125])

    def test_floors_add_a_steps_products_and_bytes_and_take_the_larger_of_an_operation(self):
        self.assertAlmostEqual(self.results.floor(self.results.find("step", who="ours")[0]), 2 + 1)
        self.assertAlmostEqual(self.results.floor(self.results.find("operation")[0]), 0.25)

    def test_targets_missed_reached_and_not_measured_are_told_apart(self):
        text = report.targets_section(self.results)
        self.assertIn("| all tests pass, in parallel | ok | ok | reached |", text)
        self.assertIn("| memcheck | cut off | ok | **missed** |", text)
        self.assertIn("| racecheck | not run | ok | not measured |", text)
        self.assertIn("| times torch.compile's step | 2.5 | ≥ 2.5 | reached |", text)
        self.assertIn("| times tuned PyTorch's step | 5 | ≥ 6 | **missed** |", text)
        self.results.lines = []
        self.assertEqual(report.targets_section(self.results).count("not measured"), 10)

    def test_tables_have_ratios_floors_and_failures(self):
        text = report.write_report(self.results)
        self.assertIn("| PyTorch tuned | bert-base | bf16 | 26 | 64 | 20 (20 – 20) | 3 200 | 5 |", text)
        self.assertIn("| PyTorch eager | bert-base | fp16 | 26 | 1000 | 20 (20 – 20) | 50 000 | 2 |", text)
        self.assertIn("| bert-base | bf16 | 26 | 64 | 4 (4 – 4) | 16 000 | 3 | 1.3 |", text)
        self.assertIn("| bert-base | bf16 | 26 | 1024 | out of device memory | – | – | – |", text)
        self.assertIn("| bert-base | bf16 | 26 | GELU | 500 | 250 | 0.5 |", text)
        self.assertIn("| adamw_update | 1 | 1 000 | 1 000 | 4 000 | 100.0 % |", text)

    def test_a_sample_is_marked_and_never_written_to_the_results_of_the_repository(self):
        refused = self.run_report()
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("a sample is not written", refused.stderr)
        written = self.run_report("--output", self.folder.name)
        self.assertEqual(written.returncode, 0, written.stderr)
        with open(os.path.join(self.folder.name, "sample-card-1.md"), encoding="utf8") as file:
            self.assertIn("**A sample: no number here was measured on a GPU.**", file.read())

    def test_results_without_any_line_make_a_report(self):
        self.results.lines = []
        self.assertIn("Not measured.", report.write_report(self.results))


class KernelTests(unittest.TestCase):
    def test_the_last_whole_step_is_taken(self):
        lines = ["==PROF== noise", '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"']
        names = ["schedule_step", "adamw", "schedule_step", "adamw", "adamw", "schedule_step"]
        for number, name in enumerate(names):
            lines.append(f'"{number}","{name}","{kernels.TIME}","us","1,000.5"')
            lines.append(f'"{number}","{name}","{kernels.BYTES}","Mbyte","2"')
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ncu.csv")
            with open(path, "w", encoding="utf8") as file:
                file.write("\n".join(lines) + "\n")
            step_launches = kernels.last_whole_piece(kernels.read_launches(path), "schedule")
        self.assertEqual([launch["kernel"] for launch in step_launches], ["schedule_step", "adamw", "adamw"])
        self.assertEqual(step_launches[0][kernels.TIME], 1_000_500)
        self.assertEqual(step_launches[0][kernels.BYTES], 2e6)


if __name__ == "__main__":
    unittest.main()
