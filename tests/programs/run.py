#!/usr/bin/env python3
"""Runs the cases of cases.txt with busybox on this kernel and under ferry, and compares output, errors and status.

  run.py --busybox I386_BUSYBOX [--only REGEX] [--jobs N] FERRY [OPTION...]
  run.py --busybox I386_BUSYBOX --bundle FOLDER      writes cases and expected results for on_machine.sh,
                                                     and a plan of one run: all cases, no options

FERRY may be several words (an emulator and its options first).
"""
import argparse
import concurrent.futures
import contextlib
import difflib
import hashlib
import os
import pathlib
import pickle
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from inputs import make_inputs

HERE = pathlib.Path(__file__).parent
LIMIT = 600  # seconds a case may take: only a guard against hangs, far above what a busy machine needs
HANGS = 3  # after so many cases that do not end, the rest is not run
OUT_OF_TIME = f"out of time: no end in {LIMIT} s"
NOT_RUN = "not run: others had no end"

# Parts of the output that are not the program's own, and why.
NOT_THE_PROGRAMS = [
    # qemu-user reports a guest's death by a signal on the same standard error.
    re.compile(rb"^qemu: uncaught target signal .*\n\n?", re.MULTILINE),
]


def read_cases(path, below_emulator):
    cases = {}
    name = None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("== "):
            name, *tags = line[3:].split()
            if "!emulator" in tags and below_emulator:
                name = None
                continue
            if name in cases:
                sys.exit(f"{path}: {name} is there twice")
            cases[name] = ""
        elif name is not None:
            cases[name] += line
    return {name: script.rstrip("\n") for name, script in cases.items()}


# The words that run an i386 program in place of a kernel that runs none (docs/testing.md). None as a rule.
REFERENCE = shlex.split(os.environ.get("FERRY_REFERENCE", ""))
# A folder where the results of those words are kept, as they take long, and many runs compare with the same ones.
REFERENCE_RESULTS = os.environ.get("FERRY_REFERENCE_RESULTS", "")


class Suite:
    def __init__(self, busybox, cases):
        self.cases = cases
        self.running = set()
        self.ending = False
        self.hangs = 0
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="ferry-programs."))
        self.bin = self.work / "root/bin"  # its parent is ROOT for ferry, where /bin/sh is an i386 program
        self.bin.mkdir(parents=True)
        shutil.copy(busybox, self.bin / "busybox")
        for applet in subprocess.check_output([*REFERENCE, busybox, "--list"], text=True, timeout=60).split():
            if applet != "busybox":
                (self.bin / applet).symlink_to("busybox")
        self.inputs = self.work / "inputs"
        self.inputs.mkdir()
        make_inputs(self.inputs)

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def end_with_sigterm(self):
        """Lets the time limit's signal end this program like an exception: nothing stays running or in /tmp."""
        def end(*_):
            self.ending = True
            for group in list(self.running):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, 9)
            sys.exit("ended by SIGTERM")
        signal.signal(signal.SIGTERM, end)

    def environment(self, runner):
        return {"PATH": str(self.bin), "HOME": "/", "TZ": "UTC0", "LC_ALL": "C", "FERRY_RUNNER": runner}

    def expected(self, name):
        """What `run` returns for a case without ferry, or without the ferry that is tested."""
        if not REFERENCE or not REFERENCE_RESULTS:
            return self.run(name, "native")
        kept = pathlib.Path(REFERENCE_RESULTS) / f"{name}.{hashlib.sha256(self.cases[name].encode()).hexdigest()}"
        if kept.exists():
            return pickle.loads(kept.read_bytes())
        result = self.run(name, "native")
        if result[2] not in (NOT_RUN, OUT_OF_TIME):
            kept.write_bytes(pickle.dumps(result))
        return result

    def run(self, name, label, ferry=()):
        """(output, errors, status) of a case, natively or under `ferry`, in a folder of its own."""
        if self.ending:
            return b"", b"", NOT_RUN
        folder = self.work / label / name
        shutil.copytree(self.inputs, folder)
        shell = str(self.bin / "sh")
        command = ["sh"]
        if words := ferry or REFERENCE:
            command = [*words, "-L", str(self.bin.parent), "-0", "sh", shell]
        # The words that run this ferry also run the ferry that an exec starts.
        runner = " ".join(ferry[:next(i for i, word in enumerate(ferry) if word.endswith("ferry"))]) if ferry else ""
        process = subprocess.Popen(
            command + ["-c", self.cases[name]], executable=None if words else shell, cwd=folder,
            env=self.environment(runner), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, umask=0o022)
        self.running.add(process.pid)
        try:
            out, err = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            status = OUT_OF_TIME
            self.hangs += 1
            if self.hangs >= HANGS:
                self.ending = True
        finally:
            self.running.discard(process.pid)
        for pattern in NOT_THE_PROGRAMS:
            err = pattern.sub(b"", err)
        shutil.rmtree(folder, ignore_errors=True)
        return out, err, status


def differences(expected, actual):
    if NOT_RUN in (expected[2], actual[2]):
        return [f"    {NOT_RUN}"]
    for who, (_, _, status) in (("natively: ", expected), ("", actual)):
        if status == OUT_OF_TIME:  # output that is not finished is not compared
            return [f"    {who}{status}"]
    lines = []
    for what, left, right in zip(("output", "errors", "status"), expected, actual):
        if left == right:
            continue
        if what == "status":
            lines.append(f"    status {right}, should be {left}")
            continue
        texts = [each.decode(errors="backslashreplace").splitlines() for each in (left, right)]
        diff = list(difflib.unified_diff(*texts, "expected " + what, what, lineterm="", n=1))
        lines += ["    " + line for line in diff[:14]]
    return lines


def bundle(suite, folder):
    """A folder that tests/programs/on_machine.sh runs where there is no Python."""
    shutil.copytree(suite.bin, folder / "bin", symlinks=True)
    shutil.copytree(suite.inputs, folder / "inputs")
    shutil.copy(HERE / "on_machine.sh", folder / "run.sh")
    (folder / "plan").write_text("0/1 *\n")
    for name, script in suite.cases.items():
        place = folder / "cases" / name
        place.mkdir(parents=True)
        out, err, status = suite.expected(name)
        if status in (OUT_OF_TIME, NOT_RUN):
            sys.exit(f"{name} natively: {status}")
        (place / "script").write_text(script)
        (place / "out").write_bytes(out)
        (place / "err").write_bytes(err)
        # The shell on the machine reports a death by signal as 128 + signal.
        (place / "status").write_text(f"{status if status >= 0 else 128 - status}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busybox", required=True)
    parser.add_argument("--only", default="", help="the cases whose name matches")
    parser.add_argument("--part", default="0/1", help="K/N: every Nth case, beginning with the Kth")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--bundle", type=pathlib.Path)
    parser.add_argument("ferry", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if bool(options.bundle) == bool(options.ferry):
        parser.error("either FERRY or --bundle")
    below_emulator = bool(options.ferry) and "qemu" in options.ferry[0]
    cases = {name: script for name, script in read_cases(HERE / "cases.txt", below_emulator).items()
             if re.search(options.only, name)}
    first, step = map(int, options.part.split("/"))
    cases = dict(list(cases.items())[first % step::step])
    if options.ferry:
        options.ferry[0] = shutil.which(options.ferry[0]) or sys.exit(f"{options.ferry[0]}: not found")
    suite = Suite(options.busybox, cases)
    suite.end_with_sigterm()
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    try:
        if options.bundle:
            bundle(suite, options.bundle)
            return 0
        failed = 0

        def compare(name):
            return name, differences(suite.expected(name), suite.run(name, "ferry", options.ferry))

        for name, lines in pool.map(compare, cases):
            if lines:
                failed += 1
                print("\n".join([f"FAIL {name}"] + lines), flush=True)
        print(f"programs: {len(cases) - failed} passed, {failed} failed")
        return 1 if failed or not cases else 0
    finally:
        pool.shutdown(cancel_futures=True)
        suite.close()


if __name__ == "__main__":
    sys.exit(main())
