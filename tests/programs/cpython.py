#!/usr/bin/env python3
"""cpython.py ROOT MODULE FERRY...: a module of CPython's own tests, such as test_threading.

It runs natively and under ferry; every single test that passes natively must pass under ferry. ROOT has Debian's
libpython3.11-testsuite (./dev rootfs --load).
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from debian import native

LIMIT = 3500  # seconds for each of the two runs: a guard against hangs

# What an emulator below ferry, or a busy machine, makes fail, or ferry does not have yet, and why.
EXCUSED = {
    "test_faulthandler.FaultHandlerTests.test_enable_fd": "qemu-user reports the death by a signal on standard error",
    "test_faulthandler.FaultHandlerTests.test_enable_file": "the same",
    "test_posix.PosixTester.test_preadv_flags": "qemu-user has no preadv2",
    "test_subprocess.ProcessTestCase.test_check_output_timeout": "allows 3 seconds for the start of an interpreter",
    "test_subprocess.ProcessTestCaseNoPoll.test_check_output_timeout": "the same",
    "test_subprocess.POSIXProcessTestCase.test_pipe_cloexec_real_tools": "allows 10 seconds for two of them",
    "test_signal.PidfdSignalTest.test_pidfd_send_signal": "ferry has no pidfd_send_signal yet",
}

TEST = re.compile(r"^\w+ \(test\.([\w.]+)\)(?:\n.*)? \.\.\. ", re.MULTILINE)
RESULT = re.compile(r"\b(ok|FAIL|ERROR|skipped|expected failure)\b")


def results(report):
    """The result of each test in what `python3 -m unittest -v` wrote. What a test itself writes may stand before its result."""
    found = {}
    tests = list(TEST.finditer(report))
    for test, following in zip(tests, [*tests[1:], None]):
        rest = report[test.end():following.start() if following else None]
        result = RESULT.search(rest.split("\n=====")[0])
        found[test[1]] = result[1] if result else "no result"
    return found


def run(command, environment, module):
    try:
        process = subprocess.run(
            [*command, "/usr/bin/env", "-C", environment["TMPDIR"], "python3", "-m", "unittest", "-v", f"test.{module}"],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        sys.exit(f"{module}: out of time: no end in {LIMIT} s")
    return process.stdout.decode(errors="backslashreplace")


def main():
    root, module, ferry = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    ferry[0] = shutil.which(ferry[0]) or sys.exit(f"{ferry[0]}: not found")
    # In ROOT, so that both runs see the folder under the same name.
    with tempfile.TemporaryDirectory(prefix="ferry-cpython.", dir=root / "tmp") as folder:
        seen = "/" + str(pathlib.Path(folder).relative_to(root))
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin", "HOME": seen, "TMPDIR": seen, "LC_ALL": "C.UTF-8"}
        native_report = run(native(str(root)), environment, module)
        report = run([*ferry, "-L", str(root)], environment | {"FERRY_RUNNER": " ".join(ferry[:-1])}, module)
    expected, actual = results(native_report), results(report)
    good = [name for name, result in expected.items() if result == "ok"]
    lost = [name for name in good if actual.get(name) != "ok" and name not in EXCUSED]
    if lost or not good:
        print(report if good else native_report)
    for name in good:
        if actual.get(name) != "ok":
            print(f"{name}: {actual.get(name, 'not run')}, excused: {EXCUSED.get(name, 'no')}")
    print(f"{module}: of {len(expected)} tests {len(good)} pass natively, {len(lost)} of them do not under ferry")
    return 1 if lost or not good else 0


if __name__ == "__main__":
    sys.exit(main())
