"""The fixed workloads and their inputs. The inputs are the same on every machine and in every run."""
import random

MEGABYTE = 1_000_000

# In all but the start-up workloads the guest executes 100 M instructions or more.
# `group`: the mean is taken over "integer" only.
WORKLOADS = [
    # name, group, arguments of busybox (the inputs are files of make_inputs)
    ("sha256sum", "integer", ["sha256sum", "text3"]),
    ("md5sum", "integer", ["md5sum", "text8"]),
    ("bzip2", "integer", ["bzip2", "-9", "-c", "text05"]),
    ("gzip", "integer", ["gzip", "-9", "-c", "text1"]),
    ("sort", "integer", ["sort", "text3"]),
    ("sed", "integer", ["sed", "-e", "s/the/THE/g", "-e", "/^[a-m].*q/d", "-e", "s/\\([a-z]*\\) \\([a-z]*\\)/\\2 \\1/", "text1"]),
    ("awk", "x87", ["awk", "{ n += length($0); s[$1] += NR * 0.5 } END { for (i = 0; i < 60000; ++i) x += i / (i + 1.5); "
                    "printf \"%d %.6f %d\\n\", n, x, length(s) }", "text1"]),
    ("true", "start-up", ["true"]),
    ("true-at-once", "start-up", ["true"]),
]

# Options for ferry in single workloads.
FERRY_OPTIONS = {"true-at-once": ["--cold-runs=0"]}  # translates every block at its first execution

FORKS = 200


def fork_script(program):
    """Shell text that runs `program` FORKS times."""
    return f"i=0; while [ $i -lt {FORKS} ]; do {program}; i=$((i+1)); done"


def make_inputs(folder):
    for name, size in (("text05", MEGABYTE // 2), ("text1", MEGABYTE), ("text3", 3 * MEGABYTE), ("text8", 8 * MEGABYTE)):
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
