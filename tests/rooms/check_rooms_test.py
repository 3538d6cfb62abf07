#!/usr/bin/env python3
"""Tests tools/check-rooms: it must accept a copy of the project, and refuse copies with one forbidden thing planted in each."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "docs", "bench", "tools", "cmake")


def add_line(path, line):
    def plant(copy):
        with open(copy / path, "a") as file:
            file.write(line + "\n")
    return plant


def replace(path, old, new):
    def plant(copy):
        text = (copy / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (copy / path).write_text(text.replace(old, new, 1))
    return plant


def copy_file(path, other):
    return lambda copy: shutil.copy(copy / path, copy / other)


def include(path):
    return f'#include "{path}"'


# What is planted, how, and words that the complaint must contain.
PLANTS = [
    ("guest sees linux", add_line("src/guest/i386/flags.hpp", include("linux/kernel/path.hpp")), "does not see"),
    ("kernel sees syscalls", add_line("src/linux/kernel/path.cpp", include("linux/syscalls/calls.hpp")), "does not see"),
    ("kernel sees load", add_line("src/linux/kernel/path.cpp", include("linux/load/program.hpp")), "does not see"),
    ("abi sees kernel", add_line("src/linux/abi/i386/abi_types.hpp", include("linux/kernel/path.hpp")), "does not see"),
    ("emit sees lower", add_line("src/translate/i386_to_mips64/emit/flags.cpp",
                                 include("translate/i386_to_mips64/lower/handlers.hpp")), "does not see"),
    ("lower sees run", add_line("src/translate/i386_to_mips64/lower/system.cpp",
                                include("translate/i386_to_mips64/run/translator.hpp")), "does not see"),
    ("emulator sees emit", add_line("src/emulator/check_engine.cpp",
                                    include("translate/i386_to_mips64/emit/register_map.hpp")), "does not see"),
    ("front end sees a host", add_line("src/translate/i386/analysis.cpp", include("host/mips64/assembler.hpp")), "does not see"),
    ("linux sees translate", add_line("src/linux/kernel/path.cpp", include("translate/i386/options.hpp")), "does not see"),
    ("one file of a room, not another", add_line("src/guest/memory/memory.cpp", include("host/mips64/registers.hpp")),
     "does not see"),
    ("a file that is not there", add_line("src/common/result.hpp", include("common/nowhere.hpp")), "is not there"),
    ("a cycle", add_line("src/common/diagnostics.hpp", include("common/result.hpp")), "include each other"),
    ("a file in no room", copy_file("src/common/result.hpp", "src/linux/result.hpp"), "in no room"),
    ("a link", replace("src/CMakeLists.txt", "ferry_room(engine LINKS common)", "ferry_room(engine LINKS common guest/i386)"),
     "links"),
    ("another room's namespace", replace("src/common/result.hpp", "namespace ferry {", "namespace ferry::engine {"), "namespace"),
    ("a host outside its folder", add_line("src/linux/kernel/path.cpp", "#if defined(__mips__)\n#endif"), "outside a folder"),
    ("an architecture in the engine", add_line("src/engine/engine.cpp", "extern int mips_delay_slots;"), "names an architecture"),
    ("a comment on a file that is gone", add_line("src/common/result.hpp", "// See common/gone.cpp."), "is not there"),
    ("a file twice", copy_file("src/common/result.hpp", "src/common/result2.hpp"), "twice"),
]


def check(folder):
    return subprocess.run([sys.executable, ROOT / "tools/check-rooms", folder], capture_output=True, text=True, check=False)


def main():
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, (what, plant, complaint) in enumerate([("nothing", None, "")] + PLANTS):
            copy = pathlib.Path(temporary) / str(number)
            for folder in FOLDERS:
                shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("*.bin"))
            if plant:
                plant(copy)
            result = check(copy)
            accepted = result.returncode == 0
            if accepted != (plant is None) or complaint not in result.stderr:
                failures.append(f"{what} planted: {'accepted' if accepted else result.stderr}")
            shutil.rmtree(copy)
    print("\n".join(failures) or f"check-rooms refuses all {len(PLANTS)} plants")
    sys.exit(1 if failures else 0)


main()
