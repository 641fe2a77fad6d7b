#!/usr/bin/env python3
"""Compare the machine code of two folders of kernels: kernels.py BEFORE AFTER --compiler KERNEL-REPORT [--arch LIST]

Compiles every kernel of both folders with NVIDIA's run-time compiler and prints a table: registers, spilled bytes and
instructions before and after, and whether the machine code is the same apart from how arguments are loaded. Exit code 1
where a kernel is missing, needs more registers or spills more than before.

KERNEL-REPORT is a Python program with the functions unpack, load_nvrtc, compile_file, disassemble and resources.
"""
import argparse
import collections
import glob
import importlib.machinery
import importlib.util
import os
import re
import sys


def load(path):
    loader = importlib.machinery.SourceFileLoader("kernel_report", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernel_report", loader))
    loader.exec_module(module)
    return module


def without_arguments(code):
    """Instructions without the offsets into the constant bank, where a kernel's arguments are."""
    return [re.sub(r"c\[0x0\]\[[^\]]*\]", "c[ARGUMENT]", instruction) for instruction in code]


def opcodes(code):
    """How often each instruction occurs, without the loads and moves that bring an argument into a register."""
    names = [re.sub(r"^@!?U?P\w+\s+", "", instruction).split()[0] for instruction in code]
    loads = ("ULDC", "LDC", "MOV", "UMOV", "NOP")
    return collections.Counter(name for name in names if name.split(".")[0] not in loads)


def compile_folder(report, compiler, libraries, folder, arch):
    """{kernel: (registers, spilled bytes, instructions)}"""
    kernels = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.cu"))):
        done, log, image = report.compile_file(compiler, path, arch, [f"--include-path={folder}"])
        if not done:
            sys.exit(f"{path} for {arch} does not compile:\n{log}")
        code = report.disassemble(libraries, image)
        for name, used in report.resources(log).items():
            kernels[name] = (used["registers"], used.get("spilled_bytes", 0), code.get(name, []))
    return kernels


def verdict(before, after):
    if before == after:
        return "same"
    if without_arguments(before) == without_arguments(after):
        return "same but for offsets of arguments"
    if opcodes(before) == opcodes(after):
        return "same instructions but for loads of arguments; other order or registers"
    difference = opcodes(after)
    difference.subtract(opcodes(before))
    changed = sorted((name, count) for name, count in difference.items() if count)
    ellipsis = " ..." if len(changed) > 6 else ""
    return "differs: " + ", ".join(f"{name} {count:+}" for name, count in changed[:6]) + ellipsis


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--arch", default="sm_80,sm_90a")
    options = parser.parse_args()
    report = load(options.compiler)
    libraries = report.unpack()
    compiler = report.load_nvrtc(libraries)
    worse = []
    print("| arch | kernel | registers | spilled bytes | instructions | machine code |\n|---|---|---|---|---|---|")
    for arch in options.arch.split(","):
        before = compile_folder(report, compiler, libraries, options.before, arch)
        after = compile_folder(report, compiler, libraries, options.after, arch)
        for name in sorted(before.keys() | after.keys()):
            if name not in before or name not in after:
                worse.append(f"{arch} {name}: only {'before' if name in before else 'after'}")
                continue
            (registers0, spilled0, code0), (registers1, spilled1, code1) = before[name], after[name]
            if registers1 > registers0 or spilled1 > spilled0:
                worse.append(f"{arch} {name}: {registers0} to {registers1} registers, "
                             f"{spilled0} to {spilled1} bytes spilled")
            print(f"| {arch} | {name} | {registers0} → {registers1} | {spilled0} → {spilled1} | "
                  f"{len(code0)} → {len(code1)} | {verdict(code0, code1)} |")
    print("\n".join(worse) or "no kernel needs more registers or spills more")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
