"""What the benchmark makes of its samples. Nothing is measured here."""

import unittest
from types import SimpleNamespace
from xml.etree import ElementTree

from driver import report, svg
from driver.measure import busy_elsewhere
from driver.summary import TOO_NOISY, summarize
from driver.traffic import COLUMNS
from driver.units import number
from driver.works import WORKS


def sample(cpu_us, others=0.0):
    figures = dict.fromkeys(COLUMNS, 1.0)
    return {**figures, "cpu_us": cpu_us, "others_on_proxy_core": others}


def summary_of(limpet, nginx, haproxy=(20, 20, 20), floor=(8, 8, 8), name="get-64", others=(0, 0, 0)):
    work = SimpleNamespace(name=name, title="A <work> & more", metric="cpu_us", columns=COLUMNS)
    figures = {"limpet": limpet, "nginx": nginx, "haproxy": haproxy, "floor": floor}
    return summarize(work, {who: [sample(*pair) for pair in zip(values, others)] for who, values in figures.items()})


def verdicts(summary):
    return {check.get("against", check["metric"]): check["verdict"] for check in summary["checks"]}


class Summaries(unittest.TestCase):
    def test_ratios_are_taken_round_by_round(self):
        ratio = summary_of(limpet=(9, 18, 9), nginx=(10, 20, 5))["ratios"]["nginx"]
        self.assertEqual(ratio["rounds"], [0.9, 0.9, 1.8])
        self.assertEqual((ratio["median"], ratio["min"], ratio["max"]), (0.9, 0.9, 1.8))

    def test_a_target_is_met_at_its_limit_and_missed_above_it(self):
        found = verdicts(summary_of(limpet=(9, 9, 9), nginx=(10, 10, 10), haproxy=(10, 10, 10)))
        self.assertEqual(found, {"nginx": "pass", "haproxy": "miss", "floor": "pass"})

    def test_the_better_peer_is_the_one_with_less(self):
        summary = summary_of((9, 9, 9), (10, 10, 10), haproxy=(6, 6, 6), name="answer-16k")
        self.assertEqual(summary["ratios"]["better peer"]["median"], 1.5)

    def test_rounds_that_differ_decide_nothing_where_the_limit_is_among_them(self):
        found = verdicts(summary_of(limpet=(8, 9, 11), nginx=(10, 10, 10)))
        self.assertEqual(found["nginx"], TOO_NOISY)
        self.assertEqual(found["haproxy"], "pass")

    def test_a_work_that_was_disturbed_in_half_of_its_rounds_decides_nothing(self):
        summary = summary_of((5, 5, 5), (10, 10, 10), others=(0.3, 0.3, 0))
        self.assertEqual(set(verdicts(summary).values()), {TOO_NOISY})
        self.assertEqual(summary["disturbed_rounds"], 2)
        self.assertIn("others on the proxy's core 30%", summary["noise"][0])

    def test_one_disturbed_round_is_told_and_the_median_stands(self):
        summary = summary_of((5, 5, 5), (10, 10, 10), others=(0.3, 0, 0))
        self.assertEqual(verdicts(summary)["nginx"], "pass")
        self.assertTrue(summary["noise"])


class Measuring(unittest.TestCase):
    def test_what_a_core_did_beside_ours(self):
        # (all, idle, stolen) in ticks: 100 ticks, 30 idle; ours had half of the second
        self.assertAlmostEqual(busy_elsewhere((0, 0, 0), (100, 30, 0), 500_000_000, 1_000_000_000), 0.2)

    def test_clocks_that_tell_more_than_the_ticks_leave_nothing_for_others(self):
        self.assertEqual(busy_elsewhere((0, 0, 0), (100, 60, 0), 500_000_000, 1_000_000_000), 0.0)


class Reports(unittest.TestCase):
    def setUp(self):
        versions = dict.fromkeys(("limpet", "nginx", "haproxy", "wrk", "h2load", "etcd"), "1.0")
        about = {"cpu": "C&P", "cores": 2, "memory_gib": 8, "system": "S", "kernel": "6", "commit": "0123"}
        self.run = {
            "date": "2000-01-01", "rounds": 3, "seconds": 5, "machine": {**about, "versions": versions},
            "works": [summary_of((9, 9, 9), (10, 10, 10))], "failures": {"ws-64": "why not"},
        }  # fmt: skip

    def test_the_plot_is_well_formed_and_has_a_bar_for_each(self):
        drawn = ElementTree.fromstring(svg.plot(self.run))
        self.assertEqual(sum(element.tag.endswith("rect") for element in drawn.iter()), 1 + 4)
        self.assertIn("A <work> & more", [element.text for element in drawn.iter()])

    def test_a_run_without_a_comparison_still_has_a_plot(self):
        ElementTree.fromstring(svg.plot({**self.run, "works": []}))

    def test_the_page_has_rows_of_one_width(self):
        page = report.markdown_of(self.run)
        rows = [line for line in page.split("\n") if line.startswith("| ")]
        self.assertEqual({row.count("|") for row in rows[:3]}, {11})
        self.assertIn("Not measured: ws-64: why not", page)

    def test_the_end_names_what_was_missed(self):
        told = report.conclusion(self.run["works"], self.run["failures"])
        self.assertIn("3 pass, 0 miss", told)

    def test_numbers_have_the_digits_that_count(self):
        self.assertEqual([number(n) for n in (0.5, 12.34, 345.6, 12_345)], ["0.50", "12.3", "346", "12,345"])


class Works(unittest.TestCase):
    def test_names_are_unique_and_limpet_is_the_first_of_each(self):
        self.assertEqual(len({work.name for work in WORKS}), len(WORKS))
        self.assertEqual({work.contenders[0] for work in WORKS}, {"limpet"})


if __name__ == "__main__":
    unittest.main()
