"""Every number of the sample company's model, in one place.

Tuples indexed by hidden state follow the order of `STATES`.
"""

from __future__ import annotations

from dataclasses import dataclass

STATES = (
    "engaged", "waiting_on_others", "budget_frozen", "undecided", "status_quo", "chose_competitor", "champion_gone",
)  # fmt: skip
ENGAGED, WAITING, FROZEN, UNDECIDED, STATUS_QUO, COMPETITOR, GONE = range(7)
PerState = tuple[float, float, float, float, float, float, float]


@dataclass(frozen=True)
class BuyerRates:
    """How a buyer's hidden state moves. Rates are per day; a row lists where a state goes to."""

    #                         engaged waiting frozen undecid. st.quo  compet. gone
    from_engaged: PerState = (
        0.0,
        0.0400,
        0.0040,
        0.0220,
        0.0025,
        0.0016,
        0.0011,
    )  # no size, fit or conduct effects yet
    from_waiting: PerState = (
        0.0520,
        0.0,
        0.0008,
        0.0010,
        0.0016,
        0.0005,
        0.0006,
    )  # others answer after about 5 weeks
    from_frozen: PerState = (0.0008, 0.0, 0.0, 0.0, 0.0012, 0.0005, 0.0006)  # before the fiscal date
    from_undecided: PerState = (
        0.0160,
        0.0020,
        0.0010,
        0.0,
        0.0050,
        0.0010,
        0.0010,
    )  # half decide, half let it be
    from_status_quo: PerState = (0.0011, 0.0, 0.0, 0.0, 0.0, 0.0003, 0.0)  # practically final
    from_competitor: PerState = (0.0007, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # the competitor failed them
    from_gone: PerState = (0.0035, 0.0, 0.0, 0.0, 0.0060, 0.0010, 0.0)  # a new champion is rare
    thawed: PerState = (
        0.74,
        0.0,
        0.0,
        0.12,
        0.12,
        0.02,
        0.0,
    )  # share of where a frozen budget goes at its date
    quarterly_share: float = 0.75  # freezes that end with a quarter, the others with the buyer's fiscal year
    thaw_delay_days: float = 9.0  # median from the fiscal date to the next step
    freeze_min_days: float = 18.0  # a budget does not freeze for less
    contested_share: float = 0.36  # deals with a competitor in the race
    contested_factor: float = 5.8  # times the rate to chose_competitor when contested
    fit_effect: float = 0.35  # per standard deviation of fit: fewer exits from engaged, more returns
    size_effect: float = 0.15  # per log of (amount / median): more waiting, freezing and indecision
    lone_contact_factor: float = 1.5  # times the rates to champion_gone and status_quo with one contact only
    pressure_effect: float = 0.06  # per unanswered touch (decayed): towards status_quo, away from engaged
    pressure_memory_days: float = 24.0  # decay of the pressure a buyer feels
    slow_effect: float = 0.25  # per log of the rep's reply time over 8 hours: towards competitor, status_quo
    version_effect: float = 0.12  # per proposal version past the second: towards undecided, status_quo
    season_factor: float = 1.4  # waiting and freezing in August and December
    waiting_reorganised_share: float = 0.2  # waits that are a reorganisation


@dataclass(frozen=True)
class TalkRates:
    """What the buyer does in each state, when nothing else plays a part."""

    #                         engaged waiting frozen undecid. st.quo compet. gone
    reply_share: PerState = (0.66, 0.20, 0.15, 0.42, 0.085, 0.06, 0.06)  # of the seller's emails
    reply_days: PerState = (0.9, 1.6, 1.8, 1.6, 8.0, 3.0, 4.0)  # median latency before the buyer's own rhythm
    answer_share: PerState = (0.42, 0.16, 0.14, 0.25, 0.06, 0.04, 0.02)  # of the seller's calls
    initiative: PerState = (0.058, 0.006, 0.004, 0.030, 0.002, 0.001, 0.001)  # buyer's own emails per day
    held: PerState = (0.86, 0.45, 0.30, 0.58, 0.16, 0.10, 0.04)  # of the meetings that come up
    moved: PerState = (
        0.08,
        0.30,
        0.25,
        0.30,
        0.16,
        0.10,
        0.02,
    )  # rescheduled; the rest is no-show or cancelled
    no_show: PerState = (0.02, 0.08, 0.10, 0.06, 0.38, 0.25, 0.80)  # the other part of the rest is cancelled
    asks_meeting: PerState = (0.50, 0.05, 0.05, 0.20, 0.03, 0.01, 0.02)  # replies that lead to a meeting
    advances_meeting: PerState = (
        0.72,
        0.05,
        0.04,
        0.12,
        0.03,
        0.02,
        0.02,
    )  # held meetings that move the deal on
    advances_reply: PerState = (0.150, 0.01, 0.01, 0.02, 0.005, 0.0, 0.0)  # replies that move the deal on
    questions: PerState = (0.7, 0.5, 0.5, 2.6, 0.2, 0.5, 0.2)  # mean questions in a buyer's email
    opens: PerState = (0.82, 0.66, 0.58, 0.90, 0.12, 0.09, 0.02)  # seller's emails opened
    others_join: PerState = (0.55, 0.45, 0.45, 0.40, 0.06, 0.12, 0.20)  # someone but the champion takes part
    fade_days: PerState = (1.0, 1.5, 1.5, 9.0, 20.0, 4.0, 0.5)  # how slowly the manners of engaged give way
    quick_fade_days: float = 3.0  # the same for opening emails, keeping meetings and bringing others along
    tells_share: PerState = (0.0, 0.60, 0.75, 0.0, 0.36, 0.62, 0.0)  # buyers who say what happened
    tells_days: PerState = (0.0, 1.5, 1.5, 0.0, 26.0, 14.0, 0.0)  # median days until they say it
    returns_share: float = 0.82  # buyers back in engaged who write first
    returns_meeting_share: float = 0.65  # of those, how many ask for a meeting at once
    returns_days: float = 2.0  # median days until they write
    rhythm_sigma: float = 0.75  # spread of the buyers' own rhythm, log scale
    pace_sigma: float = 0.38  # spread of the deals' own pace, log scale
    pace_size_effect: float = 0.22  # pace grows with amount to this power
    auto_reply_share: float = 0.025  # seller's emails answered by a machine; threefold in season
    bounce_share: float = 0.6  # of gone champions whose address is closed
    price_question_share: float = 0.45  # engaged replies in a contested deal that press the price


@dataclass(frozen=True)
class SellerRates:
    """What reps do, before their own differences."""

    meeting_days: float = 4.2  # median from asking to meeting, before pace
    touch_days: float = 6.2  # median between touches while the buyer answers, before pace
    chase_growth: float = 1.18  # each unanswered touch lengthens the next gap
    keeps_in_touch_days: float = 34.0  # gap once a rep has stopped chasing
    answer_again_share: float = 0.75  # buyer's emails the rep answers in writing
    patience_days: float = 48.0  # median silence after which a rep gives up
    patience_sigma: float = 0.6  # spread between deals, log scale
    gives_up_weekly: float = 0.42  # chance per review once patience is over
    disqualify_weekly: float = 0.0215  # chance per review in the first two stages at average fit
    optimism_weekly: float = 0.008  # stage moved forward without the buyer, per review
    amount_weekly: float = 0.015  # amount edited, per review
    next_step_weekly: float = 0.10  # next step edited, per review
    sweep_after_days: float = 30.0  # silence that a quarter-end sweep does not forgive
    machine_sweep_days: float = 45.0  # the same for the automated sweep
    proposal_days: float = 2.5  # median from the decision to the proposal going out
    proposal_valid_days: int = 30  # until it expires
    unasked_version_weekly: float = 0.02  # new version sent to a silent buyer, times the rep's habit
    owner_change_share: float = 0.05  # deals handed over once
    rehab_weekly: float = 0.085  # chance per review of an intervention by a rep who does them, in silence
    rehab_after_days: float = 18.0  # silence that makes such a rep think of it


@dataclass(frozen=True)
class RehabRates:
    """Chance that an intervention brings the buyer back to engaged, by hidden state."""

    #                     engaged waiting frozen undecid. st.quo compet. gone
    withdraw: PerState = (0.0, 0.10, 0.03, 0.34, 0.015, 0.005, 0.0)
    discovery: PerState = (0.0, 0.08, 0.03, 0.28, 0.02, 0.005, 0.03)
    third_party: PerState = (0.0, 0.05, 0.02, 0.34, 0.03, 0.01, 0.04)
    delay_days: float = 5.0  # median until the effect


@dataclass(frozen=True)
class DirtRates:
    """How often the export is wrong in each way, as a share of rows unless it says otherwise."""

    deleted: float = 0.006  # copies of activities that were deleted
    deleted_deals: float = 0.01  # deals entered twice and deleted
    test_deals: float = 0.004  # "TEST ..." deals, per deal
    orphans: float = 0.02  # activities of a deal that no longer exists, per deal
    unparsable: float = 0.0015  # dates or amounts that are none
    no_amount: float = 0.03  # deals whose amount was never filled
    no_close_date: float = 0.006  # deals without a close date
    short_ids: float = 0.08  # rows of some files with 15-character ids
    merged_accounts: float = 0.015  # accounts merged into another
    merged_contacts: float = 0.01  # contacts merged into another
    group_events: float = 0.15  # meetings repeated for an invited colleague
    zoned_mail: float = 0.3  # deals whose email times are in the zoned ISO form
    late_capture: float = 0.015  # emails captured days late
    logged_after_close: float = 0.02  # closed deals with a note afterwards
    gap_days: float = 21.0  # length of the one team's integration gap
    gap_at: float = 0.62  # where in the window it starts


@dataclass(frozen=True)
class Rates:
    """The whole model."""

    buyer: BuyerRates = BuyerRates()
    talk: TalkRates = TalkRates()
    seller: SellerRates = SellerRates()
    rehab: RehabRates = RehabRates()
    dirt: DirtRates = DirtRates()
    growth: float = 0.5  # deals per month at the end over those at the start, minus one
    amount_median_usd: float = 32_000.0  # log-normal
    amount_sigma: float = 0.85  # log scale
    usd_per_eur: float = 1.087  # fixed; CurrencyType carries its inverse
    euro_share: float = 0.3  # accounts that buy in euro


RATES = Rates()
