#!/usr/bin/env python3
"""Counts instructions of the workloads: guest (i386), native MIPS, ferry and qemu-i386 on MIPS.

Every count is exact and the same on any machine: a plugin of QEMU adds up the instructions of all processes.
The outputs of the runs must be equal. Prints the table and writes JSON.
"""
import argparse
import concurrent.futures
import glob
import hashlib
import json
import math
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import counts
import workloads

KINDS = ("guest", "native", "ferry", "qemu")
CODE_CACHE = ("0x90000000", "0xa0000000")  # of ferry: docs/memory.md
ROOT = pathlib.Path(__file__).resolve().parents[1]
# Features of QEMU's pentium2 that no row of ferry needs and no model has.
NEVER_OFFERED = ("apic", "de", "pse", "msr", "mce", "pae", "mtrr", "pge", "mca", "pat", "pse36")


def guest_cpu():
    """The -cpu argument by which QEMU shows the same processor as ferry (the first of cpu_models.inc, with the features of
    features.inc that it has), so that libraries choose the same code."""
    folder = ROOT / "src/guest/i386"
    model = re.search(r'^CPU_MODEL\("[^"]*", *(0x\w+), \(([^)]*)\)', (folder / "cpu_models.inc").read_text(), re.M)
    signature, offered = int(model[1], 16), model[2].split(", ")
    features = re.findall(r'^FEATURE\((\w+),.*"([^"]*)"\)', (folder / "features.inc").read_text(), re.M)
    flags = [("+" if name in offered else "-") + text for name, text in features] + ["-" + name for name in NEVER_OFFERED]
    numbers = f"family={signature >> 8 & 15},model={signature >> 4 & 15},stepping={signature & 15}"
    return ",".join(["pentium2", numbers] + flags)


# The function whose instructions count as translation (docs/benchmarks.md). The compiler may inline its callees, but not it.
TRANSLATE = "ferry::engine::Engine::translate(ferry::engine::Thread&, unsigned int)"
LIMIT = 3600


def function_range(binary, name):
    """The first and the end address of a function of an ELF file."""
    symbols = subprocess.run(["nm", "--demangle", "--print-size", binary], stdout=subprocess.PIPE, text=True, check=True)
    found = [line.split(maxsplit=3) for line in symbols.stdout.splitlines() if line.endswith(" " + name)]
    if len(found) != 1:
        sys.exit(f"bench: {binary}: {len(found)} functions {name}")
    begin, size = int(found[0][0], 16), int(found[0][1], 16)
    return begin, begin + size


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        workloads.make_inputs(self.folder)
        self.i386_busybox = options.i386_root + "/bin/busybox"
        self.mips_busybox = options.mips_root + "/bin/busybox"
        self.qemu_i386 = options.mips_root + "/usr/bin/qemu-i386-static"
        self.translate = function_range(options.ferry, TRANSLATE)

    def command(self, name, kind, counters, arguments):
        """The command line, and the words that run a MIPS program."""
        plugin = f"{self.options.plugin},out={counters},low={CODE_CACHE[0]},high={CODE_CACHE[1]}"
        if kind == "ferry":
            plugin += f",begin={self.translate[0]},end={self.translate[1]}"
        mips = ["qemu-mips64el", "-cpu", self.options.cpu, "-plugin", plugin]
        if kind == "guest":
            return ["qemu-i386", "-cpu", guest_cpu(), "-plugin", f"{self.options.plugin},out={counters}",
                    self.i386_busybox] + arguments, mips
        if kind == "native":
            return mips + [self.mips_busybox] + arguments, mips
        if kind == "qemu":
            return mips + [self.qemu_i386, self.i386_busybox] + arguments, mips
        return mips + [self.options.ferry] + self.ferry_options(name) + [self.i386_busybox] + arguments, mips

    def ferry_options(self, name):
        return workloads.FERRY_OPTIONS.get(name, []) + self.options.ferry_option

    def execute(self, name, kind, command, mips):
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "FERRY_RUNNER": shlex.join(mips)}
        done = subprocess.run(["timeout", "-k", "10", str(LIMIT)] + command, cwd=self.folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: {name} ({kind}): status {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
        return hashlib.sha256(done.stdout).hexdigest()

    def measure(self, name, kind, arguments):
        base = self.folder / f"{name}.{kind}"
        counters = f"{base}.counts"
        command, mips = self.command(name, kind, counters, arguments)
        output = self.execute(name, kind, command, mips)
        result = counts.read(counters)
        result["output"] = output
        if kind == "ferry":
            result["statistics"] = self.statistics(name, f"{base}.stats.%p", arguments)
        print(f"  {name} {kind}: {result['instructions'] / 1e6:.1f} M", file=sys.stderr)
        return result

    def statistics(self, name, pattern, arguments):
        """ferry's own counters, from a separate run: writing them, and asking for the time, costs instructions."""
        mips = ["qemu-mips64el", "-cpu", self.options.cpu]
        self.execute(name, "ferry", mips + [self.options.ferry] + self.ferry_options(name) +
                     ["--stats=" + pattern, self.i386_busybox] + arguments, mips)
        return self.read_statistics(pattern)

    @staticmethod
    def read_statistics(pattern):
        total = {}
        for path in glob.glob(pattern.replace("%p", "*")):
            for key, value in json.loads(pathlib.Path(path).read_text()).items():
                if isinstance(value, int):
                    total[key] = total.get(key, 0) + value
                elif isinstance(value, dict):
                    for inner, count in value.items():
                        part = total.setdefault(key, {})
                        part[inner] = part.get(inner, 0) + count
        return total

    def measure_forks(self, kind):
        """A shell that forks and executes a program many times. Only ferry stays in charge of what its guest
        executes; an emulator would hand the program to this machine's kernel. So for the other kinds the forks are
        counted without the program, and as many runs of the program by itself are added."""
        if kind == "ferry":
            return self.measure("fork+exec", kind, ["sh", "-c", workloads.fork_script(self.i386_busybox + " true")])
        forks = self.measure("forks", kind, ["sh", "-c", workloads.fork_script("(exit 0)")])
        one = self.measure("exec", kind, ["true"])
        return {key: forks[key] + workloads.FORKS * one[key] if key in counts.FIELDS else forks[key] for key in forks}

    def run(self):
        kinds = [kind for kind in KINDS if kind in self.options.only]
        jobs = {}
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            # The long runs first, so that none of them is left to run alone at the end.
            for kind in sorted(kinds, key=lambda kind: kind != "qemu"):
                for name, _, arguments in workloads.WORKLOADS:
                    if wanted(self.options, name):
                        jobs[name, kind] = pool.submit(self.measure, name, kind, arguments)
                # qemu-i386's own forked children end in an assertion where it runs below another QEMU.
                if kind != "qemu" and wanted(self.options, "fork+exec"):
                    jobs["fork+exec", kind] = pool.submit(self.measure_forks, kind)
            results = {}
            for (name, kind), job in jobs.items():
                results.setdefault(name, {})[kind] = job.result()
        for name, by_kind in results.items():
            if len({each["output"] for each in by_kind.values()}) != 1:
                sys.exit(f"bench: {name}: the outputs differ")
        return results


def wanted(options, name):
    return not options.workload or name in options.workload


def ratio(above, below, kind="instructions"):
    if above is None or below is None or below[kind] == 0:
        return None
    return above[kind] / below[kind]


COLUMNS = ("workload", "guest M", "native M", "ferry M", "QEMU M", "ferry/guest", "ferry/native", "QEMU/ferry",
           "in code/guest", "outside %", "time in translation %", "translation/instruction", "nops %", "rep %", "fallbacks %",
           "system calls", "signals")


def row(name, by_kind):
    guest, native, ferry, qemu = (by_kind.get(kind) for kind in KINDS)

    def millions(counted):
        return "" if counted is None else f"{counted['instructions'] / 1e6:.1f}"

    def quotient(value, digits=2):
        return "" if value is None else f"{value:.{digits}f}"

    cells = [name] + [millions(each) for each in (guest, native, ferry, qemu)]
    cells += [quotient(ratio(ferry, guest)), quotient(ratio(ferry, native)), quotient(ratio(qemu, ferry))]
    if ferry is None:
        return cells + [""] * (len(COLUMNS) - len(cells))
    statistics = ferry["statistics"]
    inside = ferry["in_range"]
    cells.append(quotient(None if guest is None else inside / guest["instructions"]))
    cells.append(quotient(100 * (1 - inside / ferry["instructions"]), 1))
    cells.append(quotient(100 * ferry["in_function"] / ferry["instructions"], 1))
    cells.append(quotient(translation_cost([ferry]), 0))
    cells.append(quotient(100 * ferry["nops_in_range"] / inside, 1) if inside else "")
    cells.append("" if guest is None else quotient(100 * guest["rep"] / guest["instructions"], 1))
    fallbacks = statistics.get("interpreter_fallbacks", 0) + statistics.get("interpreted", 0)
    cells.append("" if guest is None else quotient(100 * fallbacks / guest["instructions"], 3))
    cells += [str(ferry["system_calls"]), str(ferry["signals"])]
    return cells


def translation_cost(measured):
    """MIPS instructions in translation per guest instruction translated, over the workloads of a single process: a
    process that calls execve loses its statistics. None if there is nothing to divide."""
    single = [ferry for ferry in measured if ferry is not None and ferry["processes"] == 1]
    translated = sum(ferry["statistics"].get("guest_instructions_translated", 0) for ferry in single)
    return sum(ferry["in_function"] for ferry in single) / translated if translated else None


def print_summary(results):
    cost = translation_cost([by_kind.get("ferry") for by_kind in results.values()])
    if cost is not None:
        print(f"\nTranslation: {cost:.0f} MIPS instructions per guest instruction translated, over all single processes")
    start_up = [results.get(name, {}).get("ferry") for name in ("true", "true-at-once")]
    if None not in start_up:
        print("\nStart-up: `busybox true` {:.2f} M MIPS instructions, of which {:.2f} M in translation; with every block "
              "translated at once {:.2f} M, of which {:.2f} M".format(
                  *(each[key] / 1e6 for each in start_up for key in ("instructions", "in_function"))))


def mean_row(results):
    """Geometric means of the quotients over the integer workloads."""
    names = [name for name, group, _ in workloads.WORKLOADS if group == "integer" and name in results]
    if len(names) < 2:
        return None
    cells = ["geometric mean (integer)"] + [""] * (len(COLUMNS) - 1)
    for column, above, below in ((5, "ferry", "guest"), (6, "ferry", "native"), (7, "qemu", "ferry")):
        values = [ratio(results[name].get(above), results[name].get(below)) for name in names]
        if None not in values:
            cells[column] = f"{math.exp(sum(map(math.log, values)) / len(values)):.2f}"
    return cells


def print_table(results):
    rows = [row(name, by_kind) for name, by_kind in results.items()]
    mean = mean_row(results)
    if mean is not None:
        rows.insert(sum(1 for name, group, _ in workloads.WORKLOADS if group == "integer" and name in results), mean)
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * len(COLUMNS))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


def report(options, results):
    return {"mips_cpu": options.cpu, "results": results,
            "translation_instructions_per_guest_instruction":
                translation_cost([by_kind.get("ferry") for by_kind in results.values()])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("plugin", "ferry", "cpu", "i386-root", "mips-root"):
        parser.add_argument("--" + name, required=True, help="(given by ./dev bench)")
    parser.add_argument("--only", default=",".join(KINDS), type=lambda text: text.split(","),
                        help="which counts, of " + ",".join(KINDS) + "; qemu takes minutes")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (counts do not depend on it)")
    parser.add_argument("--ferry-option", action="append", default=[], help="an option for ferry, as --ferry-option=--no-chain")
    parser.add_argument("--json", default="build/bench.json", help="where the counts go")
    parser.add_argument("workload", nargs="*", help="of " + ", ".join(name for name, _, _ in workloads.WORKLOADS) + ", fork+exec")
    options = parser.parse_args()
    known = {name for name, _, _ in workloads.WORKLOADS} | {"fork+exec"}
    for name in options.workload:
        if name not in known:
            parser.error(f"unknown workload {name}")
    for kind in options.only:
        if kind not in KINDS:
            parser.error(f"unknown kind of run {kind}")
    with tempfile.TemporaryDirectory(prefix="ferry-bench.") as folder:
        results = Bench(options, pathlib.Path(folder)).run()
    order = [name for name, _, _ in workloads.WORKLOADS] + ["fork+exec"]
    results = {name: results[name] for name in order if name in results}
    print_table(results)
    print_summary(results)
    pathlib.Path(options.json).write_text(json.dumps(report(options, results), indent=2) + "\n")


main()
