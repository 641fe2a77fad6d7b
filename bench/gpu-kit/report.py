#!/usr/bin/env python3
"""Writes the report of the GPU kit's results: report.py RESULTS.jsonl [--output FOLDER]

The report is FOLDER/CARD.md, by default in bench/results. Results of a dry run or of a sample are written only where
--output names another folder, and the report says what they are.
"""
import argparse
import os
import re
import sys

from results import Results, rate, ratio, targets

MODELS = {"base": "bert-base", "mini": "MiniLM-L6"}
BENCH_RESULTS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results"))


def number(value, digits=3):
    """Formats a number with some significant digits, and a missing one as a dash."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.{digits}g}"


def table(header, rows):
    if not rows:
        return "Not measured.\n"
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def model_name(line):
    return MODELS.get(line["model"], line["model"])


def time_cell(line):
    return f"{number(line['ms'], 4)} ({number(line['least'], 4)} – {number(line['most'], 4)})"


def facts_section(results):
    names = ("card", "driver", "cuda:0", "nvrtc", "cublasLt", "system", "cores", "peers", "commit", "date", "command")
    return table(["what", "found"], [[name, results.facts[name]] for name in names if results.facts.get(name)])


def phases_section(results):
    phases = [line for line in results.lines if line["part"] == "phase"]
    rows = [[line["name"], line["status"], line["seconds"], line["limit"], line["note"]] for line in phases]
    return table(["phase", "status", "s", "limit, s", "note"], rows)


def targets_section(results):
    rows = []
    for phase, text in (("tests", "all tests pass, in parallel"), ("memcheck", "memcheck"), ("racecheck", "racecheck")):
        status = results.status(phase)
        verdict = {"ok": "reached", "not run": "not measured", "absent": "not measured"}.get(status, "**missed**")
        rows.append([text, status, "ok", verdict])
    for text, found, limit, at_most in targets(results):
        if found is None:
            verdict = "not measured"
        else:
            reached = found <= limit if at_most else found >= limit
            verdict = "reached" if reached else "**missed**"
        rows.append([text, number(found), ("≤ " if at_most else "≥ ") + number(limit), verdict])
    return table(["target", "found", "limit", "verdict"], rows)


def checks_section(results):
    rows = [
        [model_name(line), line["name"], line["sentences"], f"{line['cosine']:.7f}", f"{line['worst']:.2g}"]
        for line in results.find("check")
    ]
    return table(["model", "vectors", "sentences", "least cosine", "worst element"], rows)


def ours_section(results, part):
    rows = []
    for line in [line for line in results.lines if line["part"] == part and line["who"] == "ours"]:
        sizes = [model_name(line), line["precision"], line["tokens"], line["batch"]]
        if "failed" in line:
            rows.append([*sizes, line["failed"], "–", "–", "–"])
            continue
        floor = results.floor(line)
        rows.append([*sizes, time_cell(line), number(rate(line)), number(floor), number(ratio(line["ms"], floor), 2)])
    sizes = ["model", "precision", "tokens", "sentences"]
    return table([*sizes, "ms (least – most)", "sentences/s", "floor, ms", "over floor"], rows)


def ours_for(results, line):
    """Returns our best rate for a peer's work; with text, of the command line."""
    if line["part"] == "text":
        return results.best_rate("command", name="esimcse embed", model=line["model"])
    fields = dict(who="ours", model=line["model"], tokens=line["tokens"])
    if line["part"] == "step":
        fields["batch"] = line["batch"]
    if line["precision"] in ("fp32", "tf32"):
        # TF32 rounds its inputs, as our fp32 never does: it is compared with our default precision.
        fields["precision"] = "fp32" if line["precision"] == "fp32" else None
    return results.best_rate(line["part"], **{name: value for name, value in fields.items() if value is not None})


def peers_section(results, parts):
    rows = []
    for line in [line for line in results.lines if line["part"] in parts and line["who"] != "ours"]:
        sizes = [line["who"], model_name(line), line["precision"], line["tokens"] or "text", line["batch"]]
        if "failed" in line:
            rows.append([*sizes, line["failed"], "–", "–"])
            continue
        ours = ours_for(results, line)
        rows.append([*sizes, time_cell(line), number(rate(line)), number(ratio(ours, rate(line)), 3)])
    header = ["peer", "model", "precision", "tokens", "batch", "ms (least – most)", "sentences/s", "ours ahead by"]
    return table(header, rows)


def operations_section(results):
    copy = results.copy_rate()
    ceilings = [f"copy {number(copy / 1e6)} GB/s"] if copy else []
    for precision in ("bf16", "fp16", "fp32"):
        product = results.product_rate(precision)
        if product:
            ceilings.append(f"{precision} product {number(product / 1e9)} TFLOP/s")
    rows = []
    for line in results.find("operation"):
        floor = results.floor(line)
        cells = [model_name(line), line["precision"], line["tokens"], line["name"], number(1e3 * line["ms"])]
        share = ratio(floor, line["ms"])
        rows.append([*cells, number(1e3 * floor if floor else None), number(share, 2)])
    header = ["model", "precision", "tokens", "operation", "µs", "floor, µs", "share of the floor's rate"]
    return f"Ceilings measured in the same run: {', '.join(ceilings) or 'none'}.\n\n" + table(header, rows)


def command_section(results):
    rows = []
    for line in results.find("command"):
        cells = [line["name"], model_name(line), number(line["sentences"]), number(line["ms"] / 1e3)]
        rows.append([*cells, number(rate(line)), line.get("steps", "–")])
    return table(["command", "model", "sentences", "s", "sentences/s", "steps"], rows)


def kernels_section(results):
    parts = []
    for work in ("steps", "embedding"):
        lines = sorted(results.find("kernel", work=work), key=lambda line: -line["ms"])
        total = sum(line["ms"] for line in lines)
        rows = []
        for line in lines:
            each = 1e3 * line["ms"] / line["launches"]
            cells = [line["name"], line["launches"], number(1e3 * line["ms"], 4), number(each)]
            rows.append([*cells, number(line["bytes"] / line["ms"] / 1e6), f"{100 * line['ms'] / total:.1f} %"])
        launches = sum(line["launches"] for line in lines)
        title = {"steps": "A training step, bert-base, batch 64", "embedding": "A batch of embedding, bert-base"}[work]
        header = ["kernel", "launches", "µs", "µs each", "GB/s", "share"]
        parts.append(f"{title}: {launches} launches, {number(total)} ms.\n\n" + table(header, rows))
    return "\n".join(parts)


def write_report(results):
    sections = [
        ("Targets", targets_section(results)),
        ("Phases", phases_section(results)),
        ("Vectors compared with PyTorch in fp32", checks_section(results)),
        ("Training steps", ours_section(results, "step")),
        ("Training steps of peers", peers_section(results, ("step",))),
        ("Embedding, ids to vectors", ours_section(results, "embedding")),
        ("Embedding of peers", peers_section(results, ("embedding", "text"))),
        ("From the command line", command_section(results)),
        ("Operations, by events of the device", operations_section(results)),
        ("Kernels, by ncu, one after the other", kernels_section(results)),
    ]
    kind = warning(results)
    head = f"# {results.facts.get('card', 'unknown card')}\n\n"
    if kind:
        head += f"**{kind}: no number here was measured on a GPU.**\n\n"
    head += "Written by `bench/gpu-kit/report.py`. Times are medians with the least and the most. A floor is the time\n"
    head += "that products at the measured ceiling and the bytes at the speed of a copy take.\n\n"
    return head + facts_section(results) + "".join(f"\n## {title}\n\n{text}" for title, text in sections)


def warning(results):
    """Returns what the results are if they are no measurements of a GPU, or an empty text."""
    if results.facts.get("sample"):
        return "A sample"
    return "A dry run" if results.facts.get("dry") == "yes" else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("--output", default=BENCH_RESULTS)
    options = parser.parse_args()
    results = Results(options.results)
    output = os.path.realpath(options.output)
    if warning(results) and output == os.path.realpath(BENCH_RESULTS):
        sys.exit(f"{options.results}: {warning(results).lower()} is not written to {output}")
    name = re.sub(r"[^a-z0-9]+", "-", results.facts.get("card", "unknown").lower()).strip("-")
    path = os.path.join(output, f"{name}.md")
    with open(path, "w", encoding="utf8") as file:
        file.write(write_report(results))
    print(path)


if __name__ == "__main__":
    main()
