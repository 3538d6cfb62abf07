#!/usr/bin/env python3
"""Counts instructions of the workloads: guest (i386), native MIPS, ferry and qemu-i386 on MIPS.

Every count is exact and the same on any machine: a plugin of QEMU adds up the instructions of all processes.
The outputs of the runs must be equal. Prints the tables and writes JSON.
"""
import argparse
import concurrent.futures
import json
import pathlib
import sys
import tempfile

import table
import workloads
from commands import KINDS
from counter import Counter

GROUPS = {each.name: each.group for each in workloads.WORKLOADS}
GROUPS[workloads.FORK_EXEC] = "start-up"
GROUPS.update({each.name: each.group for each in workloads.CALLS})


def wanted(options, name):
    return not options.workload or name in options.workload or GROUPS[name] in options.workload


def submit(pool, counter, options, kind):
    """Starts the wanted runs of a kind; returns their jobs by name."""
    jobs = {}
    for workload in workloads.WORKLOADS:
        if kind not in workload.without and wanted(options, workload.name):
            jobs[workload.name] = pool.submit(counter.measure, workload, kind)
    # qemu-i386's own forked children end in an assertion where it runs below another QEMU.
    if kind != "qemu" and wanted(options, workloads.FORK_EXEC):
        jobs[workloads.FORK_EXEC] = pool.submit(counter.measure_forks, kind)
    for call in workloads.CALLS:
        if wanted(options, call.name):
            jobs[call.name] = pool.submit(counter.measure_call, call, kind)
    return jobs


def run(options, folder):
    """The counts by name, then by kind."""
    counter = Counter(options, folder)
    kinds = [kind for kind in KINDS if kind in options.only]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # The long runs first, so that none of them is left to run alone at the end.
        jobs = {kind: submit(pool, counter, options, kind) for kind in sorted(kinds, key=lambda kind: kind != "qemu")}
        results = {}
        for name in GROUPS:
            by_kind = {kind: jobs[kind][name].result() for kind in kinds if name in jobs[kind]}
            if by_kind:
                results[name] = by_kind
    for name, by_kind in results.items():
        if len({each["output"] for each in by_kind.values()}) != 1:
            sys.exit(f"bench: {name}: the outputs differ")
    return results


def report(options, results):
    ferry = [by_kind["ferry"] for by_kind in results.values() if "statistics" in by_kind.get("ferry", {})]
    return {"mips_cpu": options.cpu, "results": results,
            "translation_instructions_per_guest_instruction": table.translation_cost(ferry)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("plugin", "ferry", "cpu", "i386-root", "mips-root", "i386-bench", "mips-bench", "built"):
        parser.add_argument("--" + name, required=True, help="(given by ./dev bench)")
    parser.add_argument("--only", default=",".join(KINDS), type=lambda text: text.split(","),
                        help="which counts, of " + ",".join(KINDS) + "; qemu takes minutes")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (counts do not depend on it)")
    parser.add_argument("--ferry-option", action="append", default=[], help="an option for ferry, as --ferry-option=--no-chain")
    parser.add_argument("--json", default="build/bench.json", help="where the counts go")
    groups = list(dict.fromkeys(GROUPS.values()))
    parser.add_argument("workload", nargs="*", help="of " + ", ".join(GROUPS) + "; or a group, of " + ", ".join(groups))
    options = parser.parse_args()
    for name in options.workload:
        if name not in GROUPS and name not in groups:
            parser.error(f"unknown workload {name}")
    for kind in options.only:
        if kind not in KINDS:
            parser.error(f"unknown kind of run {kind}")
    return options


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="ferry-bench.") as folder:
        results = run(options, pathlib.Path(folder))
    table.print_workloads(results)
    table.print_targets(results)
    pathlib.Path(options.json).write_text(json.dumps(report(options, results), indent=2) + "\n")


main()
