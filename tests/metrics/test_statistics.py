"""Control charts, mixes, samples and sketches, against the examples worked by hand."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from metrics import mix, sampling, sketch, stats, xmr
from metrics.catalog import KPIS
from tests.metrics.conftest import GOLDEN

EXPECTED = json.loads((GOLDEN / "stats_expected.json").read_text(encoding="utf-8"))
XMR = EXPECTED["xmr"]


def test_every_example_has_a_test() -> None:
    assert set(EXPECTED) == {
        "_about", "icmi_service_level_example", "wilson95", "newcombe_difference_80of100_minus_70of100", "nps",
        "ces_mean_t95", "xmr", "poststratification", "simpson", "ddsketch",
    }  # fmt: skip


def test_intervals_are_those_of_the_examples() -> None:
    for text, wanted in EXPECTED["wilson95"].items():
        k, n = map(int, text.split("/"))
        assert stats.wilson(k, n) == pytest.approx(wanted, abs=1e-6)
    example = EXPECTED["newcombe_difference_80of100_minus_70of100"]
    found = stats.newcombe(80, 100, 70, 100)
    assert found is not None
    assert found[0] == pytest.approx(example["diff"])
    assert found[1] == pytest.approx(example["ci95"], abs=1e-6)
    n = EXPECTED["nps"]["n"]
    points = stats.net_score_interval(n / 2 - n / 6, n / 2 + n / 6, n)
    assert points is not None
    assert sum(points) / 2 == pytest.approx(EXPECTED["nps"]["nps"], abs=1e-6)
    se = (points[1] - points[0]) / 2 / stats.Z95
    assert se == pytest.approx(EXPECTED["nps"]["se_points"], abs=1e-6)
    assert (se / 100) ** 2 * n == pytest.approx(EXPECTED["nps"]["variance_per_response"], abs=1e-6)


def test_a_mean_of_ten_answers_is_that_of_the_example() -> None:
    wanted, answers = EXPECTED["ces_mean_t95"], [7, 5, 4, 1, 6, 6, 5, 5, 6, 4]
    found = stats.mean_interval(sum(answers), sum(a * a for a in answers), len(answers))
    assert found == pytest.approx(wanted["ci95"], abs=1e-5)
    assert found is not None
    assert sum(found) / 2 == pytest.approx(wanted["mean"])
    assert (found[1] - found[0]) / 2 / stats.T95[8] == pytest.approx(wanted["se"], abs=1e-6)


def test_the_limits_are_those_of_the_example_and_stay_when_points_are_added() -> None:
    found = xmr.limits(XMR["baseline"])
    assert found is not None
    assert (found.mean, found.moving_range) == pytest.approx((XMR["mean"], XMR["mr_bar"]), abs=1e-6)
    assert (found.upper, found.lower) == pytest.approx((XMR["unpl"], XMR["lnpl"]), abs=1e-6)
    assert found.range_limit == pytest.approx(XMR["url"], abs=1e-3)
    (stretch,) = xmr.chart([*XMR["baseline"], *XMR["new"]], baseline=12)
    assert stretch.limits == found
    assert stretch.rules == {1: XMR["rule1_index"], 2: XMR["rule2_index"], 3: XMR["rule3_index"]}


def test_three_of_four_nearer_a_limit_are_a_signal() -> None:
    (stretch,) = xmr.chart([*XMR["baseline"], *XMR["new_b"]], baseline=12)
    assert stretch.rules[3] == XMR["rule3_index_b"]


def test_both_sides_together_are_no_run() -> None:
    frozen = xmr.Limits(mean=10, moving_range=1, n=12)
    assert xmr.signals([12, 8, 12, 8, 10, 12, 8], frozen) == {1: [], 2: [], 3: []}
    assert xmr.signals([11] * 7 + [10] + [11] * 7, frozen)[2] == []
    assert xmr.signals([11] * 9, frozen)[2] == [7, 8]


def test_limits_of_few_points_are_provisional_and_of_fewer_there_are_none() -> None:
    assert xmr.limits([1, 2, 1, 2, 1]) is None
    few, enough = xmr.limits([1, 2] * 3), xmr.limits([1, 2] * 6)
    assert few is not None
    assert few.is_provisional
    assert enough is not None
    assert not enough.is_provisional
    gap = xmr.limits([1, 2, 1, None, 100, 101, 100])
    assert gap is not None
    assert gap.moving_range == 1


def test_new_limits_need_both_a_recorded_change_and_a_signal() -> None:
    before, after = [10, 11, 9, 10, 11, 9, 10, 11, 9, 10, 11, 9], [20, 21, 19, 20, 21, 19]
    assert [s.start for s in xmr.chart(before + after, baseline=12)] == [0]
    assert [s.start for s in xmr.chart(before + after, changes=[12], baseline=12)] == [0, 12]
    assert [s.start for s in xmr.chart(before + before, changes=[12], baseline=12)] == [0]
    first, second = xmr.chart(before + after, changes=[12], baseline=12)
    assert not first.has_signal
    assert second.limits is not None
    assert second.limits.mean == 20


def test_laney_widens_the_limits_by_what_chance_does_not_explain() -> None:
    chance = xmr.laney([(800, 1000), (810, 1000), (792, 1000), (805, 1000), (795, 1000), (803, 1000), (0, 0)])
    restless = xmr.laney([(800, 1000), (700, 1000), (900, 1000), (720, 1000), (880, 1000), (800, 1000)])
    assert chance is not None
    assert restless is not None
    assert chance.over_dispersion < 1 < restless.over_dispersion
    assert chance.limits[-1] is None
    # Worked by hand: p 0.8, sigma 0.0126491; z 0, -7.90569, 7.90569, -6.32456, 6.32456, 0; mean range 10.1192.
    assert restless.over_dispersion == pytest.approx(
        (7.905694 + 15.811388 + 14.230249 + 12.649111 + 6.324555) / 5 / 1.128, abs=1e-5
    )
    low, high = restless.limits[0] or (0, 0)
    assert high == 1.0  # cut at what a share can be
    assert low == pytest.approx(0.8 - 3 * 0.0126491 * restless.over_dispersion, abs=1e-5)
    assert xmr.laney([(1, 1)] * 8) is None


def test_a_total_can_fall_while_every_part_rises() -> None:
    wanted = EXPECTED["simpson"]
    found = mix.decompose(*({k: tuple(v) for k, v in wanted[side].items()} for side in ("before", "after")))
    assert found is not None
    assert (found.before, found.after) == pytest.approx((wanted["total_before"], wanted["total_after"]))
    assert found.at_old_mix == pytest.approx(wanted["after_at_before_mix"])
    assert (found.rate_effect, found.mix_effect) == pytest.approx((wanted["rate_effect"], wanted["mix_effect"]))
    assert found.is_worth_showing
    assert mix.mix_shift({"phone": 900, "email": 100}, {"phone": 500, "email": 500}) == pytest.approx(0.4)


def test_answers_are_weighed_by_how_many_they_stand_for() -> None:
    wanted = EXPECTED["poststratification"]
    strata = {name: mix.Stratum(s["N"], s["n"], s["k"]) for name, s in wanted["strata"].items()}
    found = mix.post_stratify(strata)
    assert found is not None
    assert (found.raw, found.weighted) == pytest.approx((wanted["unweighted"], wanted["weighted"]))
    assert found.standard_error == pytest.approx(wanted["se"], abs=1e-6)
    assert found.n_effective == pytest.approx(wanted["kish_n_eff"], abs=1e-6)
    assert not found.is_capped


def test_no_answer_weighs_more_than_five_times_the_usual() -> None:
    strata = {n: mix.Stratum(100, 50, 25) for n in range(4)} | {"rare": mix.Stratum(10_000, 10, 10)}
    found = mix.post_stratify(strata)
    assert found is not None
    assert found.is_capped
    # Weights 2 and, in place of 1000, 10: (400 * 0.5 + 100 * 1) / 500.
    assert found.weighted == pytest.approx(0.6)


def test_small_groups_are_put_together() -> None:
    strata = {"a": mix.Stratum(100, 40, 20), "b": mix.Stratum(10, 6, 3), "c": mix.Stratum(10, 7, 3)}
    assert mix.collapse(strata) == {"a": strata["a"], None: mix.Stratum(20, 13, 6)}
    assert mix.collapse({"a": strata["a"], "b": strata["b"]}) == {None: mix.Stratum(110, 46, 23)}


def test_a_sketch_is_within_its_accuracy_and_merges_exactly() -> None:
    wanted = EXPECTED["ddsketch"]
    values, alpha = wanted["values"], wanted["alpha"]
    whole = sketch.Sketch(values, accuracy=alpha)
    assert whole.percentile(0.5) == pytest.approx(wanted["p50_exact_lower"], rel=alpha)
    assert whole.percentile(0.9) == pytest.approx(wanted["p90_exact_lower"], rel=alpha)
    parts = sketch.Sketch(values[:4], accuracy=alpha).merge(sketch.Sketch(values[4:], accuracy=alpha))
    assert (parts.buckets, parts.n) == (whole.buckets, whole.n)
    zeros = sketch.Sketch([0, 0, 5])
    assert zeros.percentile(0.5) == 0
    assert sketch.Sketch().percentile(0.5) is None
    with pytest.raises(ValueError, match="0 or more"):
        zeros.add(-1)
    with pytest.raises(ValueError, match="accuracy"):
        zeros.merge(sketch.Sketch(accuracy=0.02))


def test_how_many_are_needed_and_what_the_silent_could_change() -> None:
    assert sampling.n_needed(0.05) == 246
    assert sampling.n_needed(0.1) == 62
    assert sampling.worst_case(9, 19, 20) == (0.45, 0.5)
    assert sampling.worst_case(0, 0, 0) is None
    assert sampling.funnel(0.5, 100) == pytest.approx((0.402, 0.598), abs=1e-3)
    assert sampling.funnel(0.9, 10, sampling.Z998)[1] == 1.0


def test_the_interval_of_a_median_is_made_of_its_values() -> None:
    # n = 100: ranks 50 - 9.8 and 50 + 9.8 + 1, to the safe side.
    assert sampling.median_interval(range(1, 101)) == (40, 61)
    assert sampling.median_interval([1, 2, 3, 4, 5]) is None
    assert sampling.median_interval([5, 1, 4, 2, 3, 9]) == (1, 9)


def test_the_icmi_example_by_the_measures_of_the_catalogue(db) -> None:
    e = EXPECTED["icmi_service_level_example"]
    log = """(
        SELECT true AS is_answered, false AS is_abandoned, n <= %(answered_in_T)s AS in_time, false AS is_short
        FROM generate_series(1, %(answered)s) n
        UNION ALL
        SELECT false, true, n <= %(abandoned_in_T)s, n <= %(short_abandoned)s
        FROM generate_series(1, %(abandoned)s) n
    ) f"""
    for n in range(1, 7):
        kpi = KPIS[f"service-level:sl{n}"]
        assert kpi.denominator is not None
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {kpi.numerator.sql()}, {kpi.denominator.sql()} FROM {log}", e)
            met, base = cursor.fetchone()
        assert met / base == pytest.approx(e[f"sl{n}"], abs=1e-6)
