#!/usr/bin/env python3
"""The arithmetic of ./dev bench: the cost of one turn, what a call has to reach, and the rows of the tables."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
# pylint: disable=wrong-import-position,import-error
import counter
import counts
import table
import targets
import workloads


def counted(instructions, **others):
    return {**dict.fromkeys(counts.FIELDS, 0), "instructions": instructions, **others}


class CostOfATurn(unittest.TestCase):
    def test_the_start_drops_out(self):
        start, turn, turns = 120_000, 562, 10_000
        cost = counter.slope(counted(start + turns * turn, system_calls=65 + turns),
                             counted(start + 2 * turns * turn, system_calls=65 + 2 * turns), turns)
        self.assertEqual(cost["instructions"], 562)
        self.assertEqual(cost["system_calls"], 1)
        self.assertEqual(set(cost), set(counts.FIELDS))

    def test_the_loop_is_taken_off(self):
        self.assertEqual(counter.net(counted(10, in_range=9), counted(3, in_range=3)), counted(7, in_range=6))


class Required(unittest.TestCase):
    def test_the_figure_if_the_first_count_is_larger_than_the_earlier_one(self):
        self.assertEqual(targets.Target(limit=200, earlier=485, first=562).required(), 200)

    def test_the_same_part_if_the_first_count_is_smaller(self):
        self.assertEqual(targets.Target(limit=200, earlier=500, first=400).required(), 160)

    def test_the_figure_if_nothing_was_counted_earlier(self):
        self.assertEqual(targets.Target(limit=20_000, earlier=None, first=134_700).required(), 20_000)

    def test_a_fork_is_one_of_many(self):
        self.assertEqual(targets.of_one(workloads.FORK_EXEC, 3 * workloads.FORKS), 3)
        self.assertEqual(targets.of_one("true", 3), 3)

    def test_every_target_has_a_row(self):
        names = [each.name for each in workloads.WORKLOADS + workloads.CALLS] + [workloads.FORK_EXEC]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual(set(targets.TARGETS), set(names))
        self.assertLessEqual({each.name for each in workloads.CALLS}, set(targets.TARGETS))


class Rows(unittest.TestCase):
    def test_a_call(self):
        by_kind = {"guest": counted(13.0), "ferry": counted(400.0002, system_calls=1.0, signals=-0.0001)}
        cells = dict(zip(table.TARGET_COLUMNS, table.target_row("getpid", by_kind)))
        self.assertEqual(cells["guest"], "13")
        self.assertEqual(cells["native"], "")
        self.assertEqual(cells["ferry"], "400")
        self.assertEqual(cells["required"], "200")
        self.assertEqual(cells["ferry/required"], "2.00")
        self.assertEqual((cells["system calls"], cells["signals"]), ("1", "0"))

    def test_a_workload(self):
        ferry = counted(3_000_000, in_range=2_000_000, in_function=600_000, processes=1,
                        statistics={"guest_instructions_translated": 1_000})
        by_kind = {"guest": counted(1_000_000), "native": counted(1_500_000), "ferry": ferry}
        cells = dict(zip(table.COLUMNS, table.row("gzip", by_kind)))
        self.assertEqual((cells["guest M"], cells["ferry M"], cells["QEMU M"]), ("1.0", "3.0", ""))
        self.assertEqual((cells["ferry/guest"], cells["ferry/native"], cells["in code/guest"]), ("3.00", "2.00", "2.00"))
        self.assertEqual((cells["outside %"], cells["time in translation %"]), ("33.3", "20.0"))
        self.assertEqual(cells["translation/instruction"], "600")

    def test_the_mean_is_geometric_and_of_integer_workloads(self):
        results = {"gzip": {"guest": counted(10), "ferry": counted(10)}, "sort": {"guest": counted(10), "ferry": counted(40)},
                   "awk": {"guest": counted(10), "ferry": counted(900)}}
        cells = dict(zip(table.COLUMNS, table.mean_row(results)))
        self.assertEqual(cells["ferry/guest"], "2.00")
        self.assertEqual(cells["ferry/native"], "")


unittest.main()
