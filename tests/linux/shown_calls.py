#!/usr/bin/env python3
"""shown_calls.py write|check TABLE PROGRAMS STRACE: which test shows each system call.

TABLE is docs/syscalls.md or the like, for the names of the calls; PROGRAMS the folder of the built test programs. `write` runs each
program on this kernel under strace(1) and prints a line for each call: its number, the test that shows it, and where that runs. The
test makes the call with success where any does, runs in most places, and makes few other calls. `check` runs the tests that
tests/linux/shown_calls.txt names, and fails where one does not make the call, or where a call that ferry has is shown by none.

A test shows a call where it runs, since it must print there what it prints on an i386 kernel: natively, below qemu-user, and on the
machine (a MIPS64 kernel), unless its source, or the list below, says that it does not run there."""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent
DATA = SOURCES / "shown_calls.txt"
# The programs besides the cases: where CMakeLists.txt and tools/test run them.
PROGRAMS = {name: "native qemu-user machine".split() for name in
            "memory pages processes selfmodify threads threads_code thread_signals".split()}
PROGRAMS |= {name: ["native", "qemu-user"] for name in "signals jobs files undefined segments descriptors".split()}
PROGRAMS |= {name: ["native", "machine"] for name in "sockets signal_details vfork_threads".split()}
PROGRAMS |= {"pointers": ["native"]}
LIMIT = 300  # seconds: a guard against hangs


def places_of(case):
    """Where a case runs, or a program whose log is compared: the keywords are those of cases.cmake."""
    text = case.read_text()
    has = lambda keyword: re.search(rf"^(//|;){keyword}: ", text, re.M) is not None
    places = [] if has("ONLY ON THE MACHINE") else ["native"]
    if places and not has("NOT UNDER AN EMULATOR"):
        places.append("qemu-user")
    if not has("NOT ON THE MACHINE") and not has("NOT WITH 16 KB PAGES"):
        places.append("machine")
    return places


def tests():
    """Name: places."""
    found = dict(PROGRAMS)
    for case in sorted((SOURCES / "cases").iterdir()):
        places = places_of(case)
        if "native" in places:
            found["cases/" + case.stem] = places
    for program in sorted((SOURCES / "strace").glob("*.c")):
        found["strace/" + program.stem] = [place for place in places_of(program) if place != "machine"]
    return found


def arguments_of(name):
    for source in SOURCES.glob(name + ".*"):
        given = re.search(r"^(?://|;)ARGUMENTS: (.*)", source.read_text(), re.M)
        if given:
            return given[1].split()
    return []


def calls_made(program, name, strace):
    """The numbers of the calls that a test makes on this kernel, and of those with success."""
    made, succeeded = set(), set()
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        place = pathlib.Path(folder) / "place"
        place.mkdir()
        subprocess.run(["timeout", "-k", "5", str(LIMIT), strace, "-f", "-n", "-o", log, program, *arguments_of(name)], cwd=place,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        # The first line is strace's own execve, with the number of a 64-bit call.
        for line in log.read_text(errors="replace").splitlines()[1:]:
            call = re.match(r"\d+ +\[ *(\d+)\] (.*)", line)
            if not call:
                continue
            made.add(int(call[1]))
            result = call[2].rpartition(" = ")[2]
            if not result.startswith(("-1 ", "?")) or "execve" in line:
                succeeded.add(int(call[1]))
    return made, succeeded


def run_all(names, programs, strace):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(lambda name: calls_made(programs / name.replace("strace/", "strace_"), name, strace), names)))


def table_rows(table):
    """Number: (name, support)."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \|", table.read_text(), re.M)
    return {int(number): (name, support) for number, name, support in rows}


def write(table, programs, strace):
    known = tests()
    seen = run_all(list(known), programs, strace)
    for number in sorted(table_rows(table)):
        shows = [name for name in known if number in seen[name][0]]
        # pointers makes every call, so it is the last resort, after the programs whose log is compared. Before that, success and
        # places count.
        shows.sort(key=lambda name: (name == "pointers", name.startswith("strace/"), number not in seen[name][1], -len(known[name]), len(seen[name][0]), name))
        if shows:
            print(number, shows[0], *known[shows[0]])


def read_data():
    """Number: (test, places)."""
    lines = [line.split() for line in DATA.read_text().splitlines()]
    return {int(number): (name, places) for number, name, *places in lines}


def check(table, programs, strace):
    known, data, problems = tests(), read_data(), []
    names = sorted({name for name, _ in data.values()})
    problems += [f"{name}: no such test" for name in names if name not in known]
    problems += [f"{number}: {name} runs elsewhere" for number, (name, places) in data.items() if known.get(name, places) != places]
    names = [name for name in names if name in known]
    seen = run_all(names, programs, strace)
    rows = table_rows(table)
    for number, (name, support) in rows.items():
        if number not in data:
            if support != "no":
                problems.append(f"{name} ({number}): shown by no test")
        elif data[number][0] in seen and number not in seen[data[number][0]][0]:
            problems.append(f"{name} ({number}): {data[number][0]} does not make the call")
    problems += [f"{number}: no such call" for number in data if number not in rows]
    print("\n".join(problems) or f"{len(data)} calls are shown by {len(names)} tests")
    sys.exit(1 if problems else 0)


def main():
    mode, table, programs, strace = sys.argv[1:]
    trial = subprocess.run([strace, "-o", "/dev/null", "true"], stderr=subprocess.PIPE, text=True, check=False)
    if trial.returncode != 0:
        print("strace cannot trace a program here: " + trial.stderr)
        sys.exit(77)
    {"write": write, "check": check}[mode](pathlib.Path(table), pathlib.Path(programs).resolve(), strace)


main()
