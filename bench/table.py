"""The tables that ./dev bench prints: docs/benchmarks.md says what the columns mean."""
import math

import targets
import workloads
from commands import KINDS

COLUMNS = ("workload", "guest M", "native M", "ferry M", "QEMU M", "ferry/guest", "ferry/native", "QEMU/ferry",
           "in code/guest", "outside %", "time in translation %", "translation/instruction", "nops %", "rep %", "fallbacks %",
           "system calls", "signals")
TARGET_COLUMNS = ("", "guest", "native", "ferry", "QEMU", "ferry at first", "required", "ferry/required", "system calls",
                  "signals")


def ratio(above, below, kind="instructions"):
    if above is None or below is None or below[kind] == 0:
        return None
    return above[kind] / below[kind]


def quotient(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def row(name, by_kind):
    guest, native, ferry, qemu = (by_kind.get(kind) for kind in KINDS)

    def millions(counted):
        return "" if counted is None else f"{counted['instructions'] / 1e6:.1f}"

    cells = [name] + [millions(each) for each in (guest, native, ferry, qemu)]
    cells += [quotient(ratio(ferry, guest)), quotient(ratio(ferry, native)), quotient(ratio(qemu, ferry))]
    if ferry is None:
        return cells + [""] * (len(COLUMNS) - len(cells))
    statistics = ferry["statistics"]
    inside = ferry["in_range"]
    cells.append(quotient(None if guest is None else inside / guest["instructions"]))
    cells.append(quotient(100 * (1 - inside / ferry["instructions"]), 1))
    cells.append(quotient(100 * ferry["in_function"] / ferry["instructions"], 1))
    cells.append(quotient(translation_cost([ferry]), 0))
    cells.append(quotient(100 * ferry["nops_in_range"] / inside, 1) if inside else "")
    cells.append("" if guest is None else quotient(100 * guest["rep"] / guest["instructions"], 1))
    fallbacks = statistics.get("interpreter_fallbacks", 0) + statistics.get("interpreted", 0)
    cells.append("" if guest is None else quotient(100 * fallbacks / guest["instructions"], 3))
    cells += [str(ferry["system_calls"]), str(ferry["signals"])]
    return cells


def translation_cost(measured):
    """MIPS instructions in translation per guest instruction translated, over the workloads of a single process: a
    process that calls execve loses its statistics. None if there is nothing to divide."""
    single = [ferry for ferry in measured if ferry is not None and ferry["processes"] == 1]
    translated = sum(ferry["statistics"].get("guest_instructions_translated", 0) for ferry in single)
    return sum(ferry["in_function"] for ferry in single) / translated if translated else None


def mean_row(results):
    """Geometric means of the quotients over the integer workloads."""
    names = [each.name for each in workloads.WORKLOADS if each.group == "integer" and each.name in results]
    if len(names) < 2:
        return None
    cells = ["geometric mean (integer)"] + [""] * (len(COLUMNS) - 1)
    for column, above, below in ((5, "ferry", "guest"), (6, "ferry", "native"), (7, "qemu", "ferry")):
        values = [ratio(results[name].get(above), results[name].get(below)) for name in names]
        if None not in values:
            cells[column] = f"{math.exp(sum(map(math.log, values)) / len(values)):.2f}"
    return cells


def target_row(name, by_kind):
    """What one call or start costs, and what it may cost."""
    target = targets.TARGETS[name]

    def one(counted, key="instructions"):
        return "" if counted is None else f"{round(targets.of_one(name, counted[key])):,}"

    required = target.required()
    ferry = by_kind.get("ferry")
    cells = [name] + [one(by_kind.get(kind)) for kind in KINDS] + [f"{target.first:,}", f"{int(required):,}"]
    cells.append("" if ferry is None else quotient(targets.of_one(name, ferry["instructions"]) / required))
    return cells + [one(ferry, "system_calls"), one(ferry, "signals")]


def print_table(columns, rows):
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


def print_workloads(results):
    """`results`: by name, then by kind, in the order of the table."""
    calls = {each.name for each in workloads.CALLS}
    whole = {name: by_kind for name, by_kind in results.items() if name not in calls}
    rows = [row(name, by_kind) for name, by_kind in whole.items()]
    mean = mean_row(whole)
    if mean is not None:
        rows.insert(sum(1 for each in workloads.WORKLOADS if each.group == "integer" and each.name in whole), mean)
    if rows:
        print_table(COLUMNS, rows)
    cost = translation_cost([by_kind.get("ferry") for by_kind in whole.values()])
    if cost is not None:
        print(f"\nTranslation: {cost:.0f} MIPS instructions per guest instruction translated, over all single processes")
    start_up = [whole.get(name, {}).get("ferry") for name in ("true", "true-at-once")]
    if None not in start_up:
        print("\nStart-up: `busybox true` {:.2f} M MIPS instructions, of which {:.2f} M in translation; with every block "
              "translated at once {:.2f} M, of which {:.2f} M".format(
                  *(each[key] / 1e6 for each in start_up for key in ("instructions", "in_function"))))


def print_targets(results):
    rows = [target_row(name, results[name]) for name in targets.TARGETS if name in results]
    if rows:
        print("\nCalls and starts, instructions each:\n")
        print_table(TARGET_COLUMNS, rows)
