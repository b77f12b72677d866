"""A deal's life beyond the export: the same up to it, shared luck, and what each policy does."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from dealtriage.sample import futures
from dealtriage.sample.clock import days_of, months_before
from dealtriage.sample.company import found
from dealtriage.sample.futures import Advice, fates, fork, paused
from dealtriage.sample.life import Change, Life, Mail, Meeting, Quote
from dealtriage.sample.rates import RATES, UNDECIDED, RehabRates
from dealtriage.sample.story import World, live

EXPORTED_AT = datetime(2026, 6, 29, 6, tzinfo=UTC)
STALLED, DEAD = Advice("stalled", "1_withdraw"), Advice("dead", "close_out")
ALWAYS = replace(RATES, rehab=RehabRates(withdraw=(1.0,) * 7, discovery=(1.0,) * 7, third_party=(1.0,) * 7, delay_days=1.0))


@cache
def world() -> World:
    start, end = days_of(months_before(EXPORTED_AT, 24)), days_of(EXPORTED_AT)
    return World(7, start, end, found(7, start, end))


@cache
def quiet_lives() -> tuple[Life, ...]:
    lives = (paused(world(), number, world().end, 180) for number in range(300))
    return tuple(life for life in lives if life.is_open and life.silence(world().end) >= 14)


def facts(life: Life) -> tuple:
    return life.mails, life.calls, life.quotes, life.changes, life.plain_tasks, life.states, life.rehabs, life.mondays


@pytest.mark.parametrize("number", range(0, 60, 3))
def test_a_life_that_can_go_on_is_the_same_up_to_the_export(number: int) -> None:
    paused_life, exported = paused(world(), number, world().end, 180), live(world(), number)
    assert facts(paused_life) == facts(exported)
    assert [meeting.start for meeting in paused_life.meetings] == [meeting.start for meeting in exported.meetings]


def test_a_fork_leaves_the_life_it_came_from_as_it_is() -> None:
    life = quiet_lives()[0]
    before = [list(one) for one in facts(life)], len(life._queue), life.rng.getstate()
    other = fork(life, "luck")
    other.run()
    assert len(other.mondays) > len(life.mondays)
    assert ([list(one) for one in facts(life)], len(life._queue), life.rng.getstate()) == before


def test_the_same_luck_gives_the_same_fate_and_other_luck_another() -> None:
    lives = quiet_lives()[:10]

    def total(replicates: range) -> list:
        return [fates(life, world().end, futures.as_usual, STALLED, replicates, 7, 90, 180) for life in lives]

    assert total(range(6)) == total(range(6))
    assert total(range(6)) != total(range(6, 12))


def after(life: Life, policy: futures.Policy, advice: Advice, luck: str = "x") -> Life:
    other = fork(life, luck)
    other.rates = futures.without_own_interventions(other.rates)
    policy(other, world().end, advice)
    other.run()
    return other


def done_since(life: Life) -> list[str]:
    return [kind for kind, at in life.rehabs if at >= world().end]


def test_as_usual_intervenes_nowhere() -> None:
    assert not any(done_since(after(life, futures.as_usual, STALLED)) for life in quiet_lives())


def test_recommended_withdraws_what_is_out_of_dead_deals_and_leaves_them_alone() -> None:
    seen = set()
    for life in quiet_lives():
        done = done_since(after(life, futures.recommended, DEAD))
        assert done in ([], [futures.WITHDRAW]) and (futures.rehab.is_outstanding(life) or not done)
        seen.add(tuple(done))
    assert len(seen) == 2


def test_where_too_little_is_recorded_the_owner_says_whether_the_buyer_is_silent() -> None:
    unknown = futures.Advice("not_enough_evidence", "ask_the_owner", "2_rediscover")
    seen = [done_since(after(life, futures.recommended, unknown)) for life in quiet_lives()]
    assert any(seen) and all(done[:1] in ([], [futures.DISCOVERY]) for done in seen)
    assert not any(done_since(after(life, futures.recommended, futures.Advice("not_enough_evidence", "ask_the_owner"))) for life in quiet_lives())


def test_recommended_takes_the_phases_in_order_and_withdraws_only_what_is_outstanding() -> None:
    seen = set()
    for life in quiet_lives():
        done = done_since(after(life, futures.recommended, STALLED))
        order = [futures.WITHDRAW, futures.DISCOVERY, futures.THIRD_PARTY] if futures.rehab.is_outstanding(life) else [futures.DISCOVERY, futures.THIRD_PARTY]
        assert done == order[:len(done)]
        seen.add(len(done))
    assert max(seen) >= 2


def test_recommended_leaves_a_buyer_alone_who_talks() -> None:
    for life in quiet_lives():
        other = after(life, futures.recommended, STALLED)
        for at in (at for _, at in other.rehabs if at >= world().end):
            assert not any(at - futures.QUIET_DAYS < signal < at for signal in futures.signals(other))


def test_best_takes_the_most_promising_step_and_never_one_without_a_chance() -> None:
    for life in quiet_lives():
        other = fork(life, "x")
        futures.best(other, world().end, DEAD)
        chances: list[tuple[float, float]] = []
        usual = futures.rehab.intervene

        def watched(one: Life, t: float, kind: str, usual=usual, chances=chances) -> None:
            kinds = ("withdraw", "discovery", "third_party") if futures.rehab.is_outstanding(one) else ("discovery", "third_party")
            chances.append((futures.rehab.chance_of(one, kind), max(futures.rehab.chance_of(one, k) for k in kinds)))
            usual(one, t, kind)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(futures.rehab, "intervene", watched)
            other.rates = futures.without_own_interventions(other.rates)
            other.run()
        assert len(chances) <= 3 and all(taken == top > 0 for taken, top in chances)


def test_do_more_touches_more() -> None:
    def touches(policy: futures.Policy) -> int:
        return sum(fate.touches for life in quiet_lives() for fate in fates(life, world().end, policy, STALLED, range(3), 7, 90, 90))

    assert touches(futures.do_more) > 1.3 * touches(futures.as_usual)


def test_an_intervention_that_always_works_has_a_large_effect_and_one_that_never_does_none() -> None:
    never = replace(RATES, rehab=RehabRates(withdraw=(0.0,) * 7, discovery=(0.0,) * 7, third_party=(0.0,) * 7))
    lives = [life for life in quiet_lives() if life.state >= UNDECIDED]

    def mean(rates) -> float:
        found = []
        for life in lives:
            life = fork(life, "same")
            life.rates = rates
            found.append(futures.effect_of(life, "discovery", world().end, range(20), 7, world().end - 1, 90))
        return sum(found) / len(found)

    assert mean(ALWAYS) > 0.3
    assert abs(mean(never)) < 0.08


def life_with(**parts: list) -> Life:
    life = fork(quiet_lives()[0], "x")
    for name in ("mails", "calls", "meetings", "quotes", "changes"):
        setattr(life, name, parts.get(name, []))
    return life


def mail(at: float, automatic: bool = False) -> Mail:
    return Mail(at, at, True, 0, "Re", "", 1, automatic=automatic)


def held(start: float, outcome: str = "Held") -> Meeting:
    return Meeting(start, 30, None, 0, 1, "Demo", outcome)


@pytest.mark.parametrize(("parts", "is_revived"), [
    ({}, False),
    ({"mails": [mail(10)]}, False),
    ({"mails": [mail(10)], "meetings": [held(20)]}, True),
    ({"mails": [mail(10)], "meetings": [held(20, "No Show")]}, False),
    ({"meetings": [held(0.0)]}, True),
    ({"meetings": [held(89.9)]}, True),
    ({"meetings": [held(90.0)]}, False),
    ({"meetings": [held(-0.1)]}, False),
    ({"mails": [mail(10, automatic=True)], "quotes": [Quote(1, 12, 1.0, 0.0, "Presented", 12, 42, False)]}, False),
    ({"mails": [mail(10)], "quotes": [Quote(1, 12, 1.0, 0.0, "Presented", 12, 42, False)]}, True),
    ({"mails": [mail(10)], "quotes": [Quote(1, 9, 1.0, 0.0, "Presented", 9, 42, False)]}, False),
    ({"mails": [mail(10)], "changes": [Change(-5, 1, {"stage": (0, 2)}, 2, None, None), Change(12, 1, {"stage": (1, 2)}, 2, None, None)]}, False),
    ({"mails": [mail(10)], "changes": [Change(-5, 1, {"stage": (0, 2)}, 2, None, None), Change(12, 1, {"stage": (2, 3)}, 3, None, None)]}, True),
    ({"changes": [Change(89, 1, {"stage": (4, 5)}, 5, None, None)]}, True),
    ({"mails": [mail(10)], "changes": [Change(12, 1, {"stage": (4, 6)}, 6, None, None)]}, False),
])
def test_revived_is_a_win_or_a_signal_followed_by_movement(parts: dict, is_revived: bool) -> None:
    shifted = life_with(**parts)
    assert futures.revived(shifted, 0.0, 90.0) is is_revived
