#!/usr/bin/env python3
"""strace_test.py STRACE PROGRAM FERRY...: what `ferry -strace` prints of an i386 program must be what strace(1) prints.

Runs PROGRAM under `STRACE -f` and under FERRY, each in an empty folder of its own, and compares the two logs from the call
that trace.h's begin() makes. All paths are absolute. Exit status 77, with the reason: the test cannot run here.

What must differ is made equal first:
  - numbers of processes (by the order in which they appear), and the order of lines of different processes: the lines of each
    are compared, unfinished calls joined with what resumed them;
  - addresses that the kernel chooses, times, inode numbers, random bytes, figures of the machine;
and these are left out, because ferry cannot know them (docs/strace.md):
  - signals that do nothing (SIGCHLD, SIGURG, SIGCONT without a handler) never reach ferry, and SIGSTOP and SIGKILL act on it
    at once, so they have no line;
  - rseq, which glibc calls in each thread if its first call succeeds: ferry has none;
  - names of two requests of ioctl with one number ("SNDCTL_TMR_STOP or TCSETSW"): ferry has no sound devices.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

VERSION = "6.1"  # others print some calls differently
LIMIT = 200  # seconds; only a guard against hangs
BEGIN = 'write(-1, "begin", 5)'
RESULT_COLUMN = 40


def run(command, folder, log):
    folder.mkdir()
    environment = {**os.environ, "TZ": "UTC"}
    with open(log.with_suffix(".out"), "wb") as output:
        status = subprocess.run(["timeout", "-k", "5", str(LIMIT), *command], cwd=folder, env=environment,
                                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT).returncode
    if status == 124:
        sys.exit(f"out of time: {command}")
    return status


def joined(text):
    """The lines of each process, in the order in which the processes appear; unfinished calls are joined."""
    processes = {}
    for line in text.splitlines():
        match = re.match(r"(\d+) +(.*)", line)
        if match is None:
            sys.exit(f"a line without a process: {line!r}")
        pid, rest = match.groups()
        lines = processes.setdefault(pid, [])
        resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", rest)
        if resumed is not None and lines and lines[-1].endswith(" <unfinished ...>"):
            lines[-1] = lines[-1].removesuffix(" <unfinished ...>") + resumed[2]
        else:
            lines.append(rest)
    return processes


def from_begin(processes):
    first = next(iter(processes.values()), [])
    begin = [i for i, line in enumerate(first) if line.startswith(BEGIN)]
    if not begin:
        sys.exit("a log without the program's beginning")
    del first[:begin[0]]
    return processes


RULES = [
    (r" +(= (?:-?\d|0x|\?))", r" \1"),  # the padding is checked on its own
    (r"0x(?!fffff000)(?:[4-9a-f][0-9a-f]{7}|(?!80)[89a-f][0-9a-f]{6})\b", "ADDRESS"),
    (r"(tv_sec|tv_nsec|tv_usec)=\d{3,}", r"\1=N"),
    (r"20\d\d-\d\d-\d\dT[\d:]+\+0000", "DATE"),
    (r"\b1[789]\d{8}\b", "NOW"),
    (r"(ru_[us]time)=\{[^}]*\}", r"\1={}"),
    (r"(tms_\w+|si_[us]time)=\d+", r"\1=N"),
    (r"(?:\\x[0-9a-f]{2}){4,5}", "RANDOM"),
    (r"(child_tidptr=|base_addr=|set_tid_address\(|set_robust_list\()(ADDRESS|0x8\w+)", r"\1ADDRESS"),
    (r"^((?:getppid|getpgrp|getpgid|getsid)\(\d*\)) = \d+", r"\1 = N"),
    (r"entry_number=\d+", "entry_number=N"),  # an i386 kernel has 6 to 8, a 64-bit one 12 to 14
    (r"^((?:shm|sem|msg)get\(.*\)) = \d+", r"\1 = ID"),
    (r"^((?:shm|sem|msg)(?:ctl|at|op|timedop|timedop_time64|snd|rcv))\(\d+", r"\1(ID"),
    # What all programs have of IPC, and the highest index in use.
    (r"\b(used_ids|shm_tot|shm_rss|shm_swp|msgpool|msgmap|msgtql|semusz|semaem)=\d+", r"\1=N"),
    (r"^((?:shm|msg|sem)ctl\(.*_INFO, \{.*\}\)) = \d+", r"\1 = N"),
    (r"^(timer_create\(.*), \[\d+\]\)", r"\1, [ID])"),  # an emulator has numbers of its own
    (r"^(timer_(?:\w+time(?:64)?|getoverrun|delete))\(\d+", r"\1(ID"),
    (r"^sysinfo\(\{.*\}\)", "sysinfo({})"),
    (r"^(membarrier\(MEMBARRIER_CMD_QUERY, 0\)) = .*", r"\1"),  # ferry offers fewer
    (r"^(brk\(.*\)) = .*", r"\1"),
    (r"^brk\(0x\w+\)", "brk(ADDRESS)"),
    (r"f_fsid=\{[^}]*\}", "f_fsid={}"),
    (r"SNDCTL_\w+ or ", ""),
]
LEFT_OUT = re.compile(r"--- (SIGCHLD|SIGURG|SIGCONT|SIGSTOP) |--- stopped by |rseq\(")


def normalised(processes):
    names = {pid: f"P{i}" for i, pid in enumerate(processes)}
    numbers = re.compile(r"\b(" + "|".join(names) + r")\b")
    lines = []
    for pid, of_process in processes.items():
        for line in of_process:
            if LEFT_OUT.match(line):
                continue
            for pattern, replacement in RULES:
                line = re.sub(pattern, replacement, line)
            lines.append(names[pid] + " " + numbers.sub(lambda match: names[match[0]], line))
    return lines


def check_padding(text):
    """Results begin in column 40, or one space after a longer call."""
    for line in text.splitlines():
        match = re.match(r"(.*?\))( +)= [-\d?]", line)
        if match is None or "resumed" in line:
            continue
        expected = max(1, RESULT_COLUMN - len(match[1]))
        if len(match[2]) != expected:
            sys.exit(f"wrong padding: {line!r}")


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def main():
    strace, program, *ferry = sys.argv[1:]
    version = subprocess.run([strace, "-V"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    if version.split()[-1] != VERSION:
        skip(f"ferry prints what strace {VERSION} prints, here is {version}")
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        kernel_log, ferry_log = place / "kernel.log", place / "ferry.log"
        run([strace, "-f", "-o", str(kernel_log), program], place / "kernel", kernel_log)
        kernel = kernel_log.read_text(errors="replace") if kernel_log.exists() else ""
        if BEGIN not in kernel:
            skip("strace cannot trace a program here: " + kernel_log.with_suffix(".out").read_text()[:200])
        run([*ferry, "-strace", "-D", str(ferry_log), program], place / "ferry", ferry_log)
        own = ferry_log.read_text(errors="replace") if ferry_log.exists() else ""
        if os.environ.get("STRACE_TEST_KEEP"):
            pathlib.Path(os.environ["STRACE_TEST_KEEP"] + ".kernel").write_text(kernel)
            pathlib.Path(os.environ["STRACE_TEST_KEEP"] + ".ferry").write_text(own)
        check_padding(own)
        expected = place / "expected"
        found = place / "found"
        expected.write_text("\n".join(normalised(from_begin(joined(kernel)))) + "\n")
        found.write_text("\n".join(normalised(from_begin(joined(own)))) + "\n")
        sys.exit(subprocess.run(["diff", "-U0", str(expected), str(found)]).returncode)


main()
