"""The command line of each kind of run: guest (i386), native MIPS, ferry, and qemu-i386 on MIPS."""
import dataclasses
import pathlib
import re
import shlex
import subprocess
import sys

KINDS = ("guest", "native", "ferry", "qemu")
CODE_CACHE = ("0x90000000", "0xa0000000")  # of ferry: docs/memory.md
ROOT = pathlib.Path(__file__).resolve().parents[1]
# Features of QEMU's pentium2 that no row of ferry needs and no model has.
NEVER_OFFERED = ("apic", "de", "pse", "msr", "mce", "pae", "mtrr", "pge", "mca", "pat", "pse36")
# The function whose instructions count as translation (docs/benchmarks.md). The compiler may inline its callees, but not it.
TRANSLATE = "ferry::engine::Engine::translate(ferry::engine::Thread&, unsigned int)"


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


def function_range(binary, name):
    """The first and the end address of a function of an ELF file."""
    symbols = subprocess.run(["nm", "--demangle", "--print-size", binary], stdout=subprocess.PIPE, text=True, check=True)
    found = [line.split(maxsplit=3) for line in symbols.stdout.splitlines() if line.endswith(" " + name)]
    if len(found) != 1:
        sys.exit(f"bench: {binary}: {len(found)} functions {name}")
    begin, size = int(found[0][0], 16), int(found[0][1], 16)
    return begin, begin + size


@dataclasses.dataclass(frozen=True)
class Place:
    """A folder of i386 programs, and the folder where the same programs for MIPS64 have the same paths."""
    i386: str
    mips: str
    is_root: bool = False  # whether programs take these folders for the root of the file system (-L)


# What else the programs of Debian find in the environment. Their results and their counts depend on none of: random seeds, the
# time zone, the user's files, compiled modules that an earlier run has left. ("/nonexistent" is Debian's folder that is not.)
DEBIAN_ENVIRONMENT = {"HOME": "/nonexistent", "TZ": "UTC0", "PERL_HASH_SEED": "0", "PYTHONHASHSEED": "0",
                      "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/nonexistent"}


class Commands:
    """`options` are those of run.py, with paths relative to the folder in which the commands run."""

    def __init__(self, options, folder):
        self.options = options
        self.places = {
            "busybox": Place(options.i386_root, options.mips_root),
            "debian": Place(options.i386_bench, options.mips_bench, is_root=True),
            "built": Place(options.built + "/i386", options.built + "/mips64el"),
        }
        self.qemu_i386 = options.mips_root + "/usr/bin/qemu-i386-static"
        self.translate = function_range(folder / options.ferry, TRANSLATE)

    def mips(self, kind=None, counters=None):
        """The words that run a MIPS program; with `counters`, a file's path, they count its instructions."""
        words = ["qemu-mips64el", "-cpu", self.options.cpu]
        if counters is None:
            return words
        plugin = f"{self.options.plugin},out={counters},low={CODE_CACHE[0]},high={CODE_CACHE[1]}"
        if kind == "ferry":
            plugin += f",begin={self.translate[0]},end={self.translate[1]}"
        return words + ["-plugin", plugin]

    def line(self, kind, place, command, mips, counters=None, ferry_options=()):
        """The words that run `command` (see workloads.Workload). `mips` is what mips() returned; `counters`, needed for
        the kind "guest" alone, is the file for the counts."""
        place = self.places[place]
        path, *arguments = command
        if kind == "ferry":
            program = ["-L", place.i386, path] if place.is_root else [place.i386 + path]
            return [*mips, self.options.ferry, *ferry_options, *self.options.ferry_option, *program, *arguments]
        # An emulator is given the program's path outside of the root, but the program looks for its files by the one inside.
        folder = place.mips if kind == "native" else place.i386
        program = [*(("-L", folder, "-0", path) if place.is_root else ()), folder + path]
        if kind == "native":
            return [*mips, *program, *arguments]
        if kind == "qemu":
            return [*mips, self.qemu_i386, *program, *arguments]
        return ["qemu-i386", "-cpu", guest_cpu(), "-plugin", f"{self.options.plugin},out={counters}", *program, *arguments]

    def environment(self, place, mips):
        """Of every run. Programs that ferry's guest executes run by the words `mips`."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "FERRY_RUNNER": shlex.join(mips),
                **(DEBIAN_ENVIRONMENT if place == "debian" else {})}
