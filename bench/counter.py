"""Runs workloads and calls, and reads the counts of the plugin and of ferry."""
import argparse
import glob
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

import counts
import workloads
from commands import Commands

LIMIT = 3600  # seconds a run may take


def slope(less, more, turns):
    """What one turn costs, by counter: `less` are the counts of a run with so many turns, `more` with twice as many."""
    return {key: (more[key] - less[key]) / turns for key in counts.FIELDS}


def net(whole, loop):
    """What is left of the counters of `whole` without those of the loop around it."""
    return {key: whole[key] - loop[key] for key in counts.FIELDS}


def short_paths(options, folder):
    """`options` with what they name copied to `folder`, or linked from there: the length of a path that a program is given, or
    finds for itself, changes the count of its start."""
    paths = {}
    for name in ("plugin", "ferry", "built", "i386_root", "mips_root", "i386_bench", "mips_bench"):
        path = pathlib.Path(getattr(options, name)).resolve()
        if name == "ferry":
            shutil.copy(path, folder / name)
        elif name == "built":
            shutil.copytree(path, folder / name)
        else:
            (folder / name).symlink_to(path)
        paths[name] = "./" + name
    return argparse.Namespace(**{**vars(options), **paths})


class Counter:
    """Runs everything in `folder`, which is new."""

    def __init__(self, options, folder):
        self.folder = folder
        self.commands = Commands(short_paths(options, folder), folder)
        workloads.make_inputs(folder)

    def execute(self, name, kind, command, environment):
        """Runs `command`; returns a digest of its output. `name` and `kind` are for the message if that fails."""
        done = subprocess.run(["timeout", "-k", "10", str(LIMIT), *command], cwd=self.folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"bench: {name} ({kind}): status {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
        return hashlib.sha256(done.stdout).hexdigest()

    def count(self, name, kind, place, command, ferry_options=()):
        """The counts of one run, and its output's digest. `name` also names the file with the counts."""
        counters = f"{name}.{kind}.counts"
        mips = self.commands.mips(kind, counters)
        line = self.commands.line(kind, place, command, mips, counters, ferry_options)
        output = self.execute(name, kind, line, self.commands.environment(place, mips))
        return {**counts.read(self.folder / counters), "output": output}

    def measure(self, workload, kind):
        result = self.count(workload.name, kind, workload.place, workload.command, workload.ferry_options)
        if kind == "ferry":
            result["statistics"] = self.statistics(workload)
        print(f"  {workload.name} {kind}: {result['instructions'] / 1e6:.1f} M", file=sys.stderr)
        return result

    def statistics(self, workload):
        """ferry's own counters, from a separate run: writing them, and asking for the time, costs instructions."""
        pattern = f"{workload.name}.stats.%p"
        mips = self.commands.mips()
        options = (*workload.ferry_options, "--stats=" + pattern)
        line = self.commands.line("ferry", workload.place, workload.command, mips, None, options)
        self.execute(workload.name, "ferry", line, self.commands.environment(workload.place, mips))
        return self.read_statistics(str(self.folder / pattern))

    @staticmethod
    def read_statistics(pattern):
        """The sum of ferry's counters over all processes."""
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
            program = self.commands.places["busybox"].i386 + "/bin/busybox true"
            script = workloads.fork_script(program)
            return self.measure(workloads.busybox(workloads.FORK_EXEC, "start-up", "sh", "-c", script), kind)
        forks = self.measure(workloads.busybox("forks", "start-up", "sh", "-c", workloads.fork_script("(exit 0)")), kind)
        one = self.measure(workloads.busybox("exec", "start-up", "true"), kind)
        return {key: forks[key] + workloads.FORKS * one[key] if key in counts.FIELDS else forks[key] for key in forks}

    def measure_call(self, call, kind):
        """The cost of one call, by counter."""
        def one_turn(thing):
            less, more = (self.count(f"{call.name}.{thing}.{turns}", kind, "built",
                                     ("/calls", thing, str(turns), str(call.threads)))
                          for turns in (call.turns, 2 * call.turns))
            return slope(less, more, call.turns), less["output"] + more["output"]

        result, output = one_turn(call.thing or call.name)
        if call.net:
            result = net(result, one_turn("loop")[0])
        print(f"  {call.name} {kind}: {result['instructions']:.1f} each", file=sys.stderr)
        return {**result, "output": output}
