"""The fixed workloads and their inputs. The inputs are the same on every machine and in every run."""
import dataclasses
import pathlib
import random
import shutil

MEGABYTE = 1_000_000
TEXTS = {"text012": 120_000, "text05": MEGABYTE // 2, "text1": MEGABYTE, "text3": 3 * MEGABYTE, "text8": 8 * MEGABYTE}
PROGRAMS = pathlib.Path(__file__).parent / "programs"  # that interpreters run, and a compiler compiles


@dataclasses.dataclass(frozen=True)
class Workload:
    """A program that is run once."""
    name: str
    group: str  # "integer", "x87", "dynamic" or "start-up"; the mean is taken over "integer" only
    place: str  # where its program lies: see commands.Commands.places
    command: tuple  # the program's path there, and its arguments; the inputs are files of make_inputs
    ferry_options: tuple = ()
    without: tuple = ()  # the kinds of runs that it cannot have


@dataclasses.dataclass(frozen=True)
class Call:
    """A thing that bench/calls.c does again and again: its cost is the difference of TURNS and twice as many turns."""
    name: str
    thing: str | None = None  # the name of calls.c, if it is another
    turns: int = 10_000
    net: bool = False  # without the instructions of the loop around it
    threads: int = 0  # that sleep meanwhile
    group = "calls"


def busybox(name, group, *arguments, **more):
    return Workload(name, group, "busybox", ("/bin/busybox",) + arguments, **more)


def debian(name, group, *command, **more):
    return Workload(name, group, "debian", command, **more)


SED = ("-e", "s/the/THE/g", "-e", "/^[a-m].*q/d", "-e", "s/\\([a-z]*\\) \\([a-z]*\\)/\\2 \\1/")
AWK = ("{ n += length($0); s[$1] += NR * 0.5 } END { for (i = 0; i < 60000; ++i) x += i / (i + 1.5); "
       "printf \"%d %.6f %d\\n\", n, x, length(s) }")

CC1 = "/usr/lib/gcc/i686-linux-gnu/12/cc1"

# In all but the start-up workloads the guest executes 100 M instructions or more.
WORKLOADS = [
    busybox("sha256sum", "integer", "sha256sum", "text3"),
    busybox("md5sum", "integer", "md5sum", "text8"),
    busybox("bzip2", "integer", "bzip2", "-9", "-c", "text05"),
    busybox("gzip", "integer", "gzip", "-9", "-c", "text1"),
    busybox("sort", "integer", "sort", "text3"),
    busybox("sed", "integer", "sed", *SED, "text1"),
    busybox("awk", "x87", "awk", AWK, "text1"),
    debian("lua-fib", "dynamic", "/usr/bin/lua5.4", "fib.lua"),
    debian("lua-nbody", "dynamic", "/usr/bin/lua5.4", "nbody.lua"),
    debian("sqlite3", "dynamic", "/usr/bin/sqlite3", "-batch", ":memory:", ".read rows.sql"),
    debian("perl", "dynamic", "/usr/bin/perl", "words.pl", "text012"),
    debian("gawk", "dynamic", "/usr/bin/gawk", "-f", "numbers.awk"),
    debian("python3", "dynamic", "/usr/bin/python3", "mixed.py"),
    # What gcc -O1 -S runs. MIPS64's cc1 makes other code.
    debian("gcc", "dynamic", CC1, "-quiet", "-fpreprocessed", "-O1", "collections.c", "-o", "-", without=("native",)),
    Workload("nothing", "start-up", "built", ("/nothing",)),
    debian("true-dynamic", "start-up", "/usr/bin/true"),
    debian("python3-pass", "start-up", "/usr/bin/python3", "-c", "pass"),
    busybox("true", "start-up", "true"),
    # Translates every block at its first execution.
    busybox("true-at-once", "start-up", "true", ferry_options=("--cold-runs=0",)),
]

# A shell that forks and executes `busybox true`, FORKS times: see Counter.measure_forks.
FORK_EXEC = "fork+exec"
FORKS = 200

LOOP = {"net": True, "turns": 1_000_000}
CALLS = [
    Call("getpid"), Call("clock_gettime"), Call("read"), Call("write"), Call("futex-wake"),
    Call("lock-inc", **LOOP), Call("xchg", **LOOP),
    Call("lock-inc-threads", "lock-inc", threads=1, **LOOP), Call("xchg-threads", "xchg", threads=1, **LOOP),
    Call("signal", turns=2_000), Call("mmap"), Call("pthread", turns=1_000),
]


def fork_script(program):
    """Shell text that runs `program` FORKS times."""
    return f"i=0; while [ $i -lt {FORKS} ]; do {program}; i=$((i+1)); done"


def make_inputs(folder):
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
    for name, size in TEXTS.items():
        (folder / name).write_text(text(size))


def text(size):
    """Lines of words in a natural distribution, with stretches that compress badly and some that repeat."""
    source = random.Random(20240229)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    weights = [2.0 / (i + 2) for i in range(len(letters))]
    words = ["".join(source.choices(letters, weights, k=source.randint(1, 10))) for _ in range(4000)]
    words[:6] = ["the", "of", "and", "to", "in", "that"]
    frequencies = [1.0 / (i + 1) for i in range(len(words))]
    pieces = []
    length = 0
    recent = []
    while length < size:
        kind = source.random()
        if kind < 0.08:
            line = "%x" % source.getrandbits(256)
        elif kind < 0.16 and recent:
            line = source.choice(recent)
        else:
            line = " ".join(source.choices(words, frequencies, k=source.randint(4, 14)))
        recent = (recent + [line])[-50:]
        pieces.append(line)
        length += len(line) + 1
    return ("\n".join(pieces) + "\n")[:size]
