#!/usr/bin/env python3
"""debian.py [--only REGEX] [--part K/N] [--cases MODULE] ROOT FERRY [OPTION...]: Debian's programs in ROOT, on this kernel and under ferry.

Output, errors, status and files of each case (debian_cases.py or MODULE) must be the same, and every process must have been
translated: below an emulator, on a kernel that runs i386 programs, a program that slipped past ferry would work as well.
So each process writes its counters to a file of its own, and the number of files must be right.

ROOT is what `./dev rootfs --full` unpacks. FERRY may be several words (an emulator and its options first).
"""
import argparse
import ctypes
import importlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from run import LIMIT, NOT_THE_PROGRAMS, OUT_OF_TIME, REFERENCE, differences

# Mounts /dev and /proc in ROOT, visible only to this process and its children, and runs "$@" there. "$0" is ROOT.
IN_ROOT = 'mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"'
PR_SET_CHILD_SUBREAPER = 36
# What takes minutes in the interpreter that stands in for a kernel (run.REFERENCE), and is left out then.
SLOW = re.compile(r"\bg\+\+ ")


def native(root):
    """The words that run a program of ROOT without the ferry that is tested."""
    if REFERENCE:
        return [*REFERENCE, "-L", root]
    return ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"]), "sh", "-c", IN_ROOT, root]


def end_children():
    for process in pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        os.kill(int(process), 9)
        os.waitpid(int(process), 0)


def wait_for_orphans(deadline):
    """Waits until all processes that the case started have ended, daemons too. At the deadline it kills those that are left."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] != 0:
                continue
        except ChildProcessError:
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    end_children()
    return False


class Runner:
    def __init__(self, root):
        self.root = root
        # In ROOT, so that both runs see the folder under the same name.
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="ferry-debian.", dir=root / "tmp"))
        self.work.chmod(0o711)  # a case may become another user
        self.folder = self.work / "case"

    def run(self, case, command, runner=""):
        """((output, errors, status), files) of a case under `command`."""
        self.folder.mkdir()
        seen = "/" + str(self.folder.relative_to(self.root))
        environment = {
            "PATH": "/usr/bin:/bin:/usr/sbin", "HOME": seen, "TMPDIR": seen, "TZ": "UTC0", "LC_ALL": "C.UTF-8", "TERM": "screen",
            "SHELL": "/bin/sh", "FERRY_RUNNER": runner, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "gc.auto", "GIT_CONFIG_VALUE_0": "0",
            "GIT_CONFIG_KEY_1": "maintenance.auto", "GIT_CONFIG_VALUE_1": "false"}
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.org",
                            f"GIT_{who}_DATE": "2001-02-03T04:05:06+0000"}
        deadline = time.monotonic() + LIMIT
        process = subprocess.Popen(
            [*command, "/usr/bin/env", "-C", seen, "/bin/sh", "-c", case.script], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, umask=0o022)
        try:
            out, err = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            status = OUT_OF_TIME
        if not wait_for_orphans(deadline):
            status = OUT_OF_TIME
        for pattern in NOT_THE_PROGRAMS:
            err = pattern.sub(b"", err)
        files = {}
        for name in case.files:
            path = self.folder / name
            files[name] = path.read_bytes() if path.exists() else None
        shutil.rmtree(self.folder)
        return (out, err, status), files

    def compare(self, case, ferry):
        """Lines that tell what is wrong; none if nothing is."""
        expected, expected_files = self.run(case, native(str(self.root)))
        if expected[2] != 0 or None in expected_files.values():
            return [f"    natively: status {expected[2]}, {expected[1].decode(errors='backslashreplace')}"]
        with tempfile.TemporaryDirectory(prefix="ferry-debian.") as folder:
            statistics = pathlib.Path(folder)
            statistics.chmod(0o1777)
            runner = " ".join(ferry[:next(i for i, word in enumerate(ferry) if word.endswith("ferry"))])
            actual, files = self.run(case, [*ferry, "-L", str(self.root), f"--stats={folder}/%p"], runner)
            counts = [json.loads(path.read_text()) for path in statistics.iterdir()]
        lines = differences(expected, actual)
        lines += [f"    {name} differs" for name, content in expected_files.items() if files[name] != content]
        if case.processes is not None and len(counts) != case.processes:
            lines.append(f"    {len(counts)} processes wrote statistics, should be {case.processes}")
        lines += [f"    not translated: {each}" for each in counts
                  if each["engine"] != "translate" or each["guest_instructions_translated"] < 300]
        return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the cases whose name matches")
    parser.add_argument("--part", default="0/1", help="K/N: every Nth case, beginning with the Kth")
    parser.add_argument("--cases", default="debian_cases", help="the module with the cases")
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("ferry", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.ferry:
        parser.error("no FERRY")
    options.ferry[0] = shutil.which(options.ferry[0]) or sys.exit(f"{options.ferry[0]}: not found")
    # Makes this process the parent of daemons, so that it can wait for them.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    runner = Runner(options.root.resolve())
    passed = failed = 0
    try:
        cases = [each for each in importlib.import_module(options.cases).CASES.items() if re.search(options.only, each[0])]
        first, step = map(int, options.part.split("/"))
        for name, case in cases[first % step::step]:
            if REFERENCE and SLOW.search(case.script):
                print(f"left out {name}: it takes minutes without an i386 kernel", flush=True)
                continue
            started = time.monotonic()
            lines = runner.compare(case, options.ferry)
            taken = f"{time.monotonic() - started:.0f} s"
            if lines:
                failed += 1
                print("\n".join([f"FAIL {name} ({taken})"] + lines), flush=True)
            else:
                passed += 1
                print(f"ok {name} ({taken})", flush=True)
    finally:
        end_children()
        shutil.rmtree(runner.work, ignore_errors=True)
    print(f"debian: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
