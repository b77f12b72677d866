"""One deal's past as an SVG: the outlook above, what both sides did below, on one axis of time. The same bytes for the same numbers."""

from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WIDTH, HEIGHT = 382.0, 300.0  # points: legible on a phone without zooming
LEFT, RIGHT, FOOT = 52.0, 8.0, 24.0
OUTLOOK = (150.0, 284.0)  # from and to, points above the foot of the page
LANES = {"buyer": 126.0, "we": 102.0, "proposals": 78.0, "stages": 54.0}
LONGEST_DAYS = 365.0
SHARES = (0.0, 0.5, 1.0)
INK, MUTED, BUYER, SELLER = "#1d2733", "#6b7480", "#0b6e99", "#b5541c"
MARKS = {"mail": "o", "call": "^", "meeting": "s", "other": "D"}
MEANS = {"email_in": "mail", "document_in": "mail", "call_in": "call", "call_answered": "call", "meeting_held": "meeting", "proposal_opened": "other", "proposal_countered": "other",
         "proposal_accepted": "other", "email_out": "mail", "email_bounced": "mail", "call_unanswered": "call", "meeting_no_show": "meeting"}
PROPOSALS = {"proposal_sent": "D", "proposal_withdrawn": "x", "proposal_rejected": "x", "proposal_expired": "x"}
SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "dealtriage", "font.family": "sans-serif", "font.size": 9, "text.parse_math": False}
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Past:
    """What is drawn of a deal. facts: occurred_at, kind, is_buyer_signal, label; weeks: as_of, p, low, high (the band's interval of what came true)."""

    facts: pd.DataFrame
    weeks: pd.DataFrame
    turned_at: pd.Timestamp | None
    began_at: pd.Timestamp
    cutoff: pd.Timestamp
    quiet_days: int
    dead_below: float


def svg(past: Past) -> str:
    """The picture. Its words are the page's language; nothing in it is a name."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
        FigureCanvasSVG(figure)
        _draw(Sheet(figure), past)
        out = StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}, transparent=True)
    return out.getvalue()


class Sheet:
    """A figure drawn on in points from its lower left corner: axes, with their ticks and limits, would cost most of the time."""

    def __init__(self, figure: Any) -> None:
        from matplotlib.transforms import Affine2D

        self.figure, self.points = figure, Affine2D().scale(1 / 72) + figure.dpi_scale_trans

    def line(self, x: Any, y: Any, **look: Any) -> None:
        """A line through the points, or marks at them."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D(x, y, transform=self.points, **look))

    def lines(self, segments: list[Any], color: str, width: float) -> None:
        """Many straight lines at once."""
        from matplotlib.collections import LineCollection

        self.figure.add_artist(LineCollection(segments, colors=color, linewidths=width, transform=self.points))

    def areas(self, corners: list[Any], color: str, alpha: float) -> None:
        """Filled shapes at once."""
        from matplotlib.collections import PolyCollection

        self.figure.add_artist(PolyCollection(corners, facecolors=color, alpha=alpha, linewidths=0, transform=self.points))

    def text(self, x: float, y: float, words: str, ha: str = "left", color: str = INK, size: float = 9) -> None:
        """Words whose letters stand at the height y."""
        self.figure.add_artist(_words()(x, y, words, ha=ha, va="baseline", color=color, fontsize=size, transform=self.points))


@cache
def _words() -> Any:
    from matplotlib.text import Text

    class Words(Text):
        """Text that is placed by its anchor alone: the letters are the reader's (svg.fonttype none), to measure ours took a third of the time."""

        def draw(self, renderer: Any) -> None:
            colors = renderer.new_gc()
            colors.set_foreground(self.get_color())
            x, y = self.get_transform().transform(self.get_unitless_position())
            renderer.draw_text(colors, x, renderer.height - y, self.get_text(), self.get_fontproperties(), 0, mtext=self)
            colors.restore()

    return Words


def _draw(sheet: Sheet, past: Past) -> None:
    begin = max(past.began_at.to_datetime64(), past.cutoff.to_datetime64() - np.timedelta64(int(LONGEST_DAYS), "D"))
    days = max(float((past.cutoff.to_datetime64() - begin) / DAY), 1.0)

    def x(times: Any) -> NDArray[np.float64]:
        at = (np.asarray(times, dtype="datetime64[us]") - begin) / DAY
        return LEFT + np.clip(at, 0, days) / days * (WIDTH - LEFT - RIGHT)

    _silences(sheet, past, begin, x)
    _months(sheet, begin, past.cutoff.to_datetime64(), x)
    _outlook(sheet, past, x)
    _lanes(sheet, past.facts[past.facts["occurred_at"] >= pd.Timestamp(begin)], x)
    if past.turned_at is not None and past.turned_at >= pd.Timestamp(begin):
        at = float(x([past.turned_at])[0])
        sheet.line([at, at], [FOOT + 8, OUTLOOK[1]], color=INK, linewidth=1.2)
        sheet.text(at, OUTLOOK[1] + 3, "turned", ha="left" if at < WIDTH / 2 else "right")


def _silences(sheet: Sheet, past: Past, begin: np.datetime64, x: Any) -> None:
    """Shades every stretch without a sign of the buyer, from the day on which it counts as quiet."""
    signs = np.sort(past.facts.loc[past.facts["is_buyer_signal"], "occurred_at"].to_numpy(dtype="datetime64[us]"))
    edges = np.concatenate([[past.began_at.to_datetime64()], signs, [past.cutoff.to_datetime64()]]).astype("datetime64[us]")
    starts, ends = edges[:-1] + np.timedelta64(past.quiet_days, "D"), edges[1:]
    is_quiet = (ends > starts) & (ends > begin)
    low, high = FOOT + 8, OUTLOOK[1]
    sheet.areas([[(a, low), (b, low), (b, high), (a, high)] for a, b in zip(x(starts[is_quiet]), x(ends[is_quiet]), strict=True)], MUTED, 0.16)


def _outlook(sheet: Sheet, past: Past, x: Any) -> None:
    low, high = OUTLOOK

    def y(share: Any) -> NDArray[np.float64]:
        return low + np.asarray(share, dtype=float) * (high - low)

    sheet.lines([[(LEFT, y(one)), (WIDTH - RIGHT, y(one))] for one in SHARES], MUTED, 0.4)
    for one in SHARES:
        sheet.text(LEFT - 4, float(y(one)) - 3, f"{one:.0%}", ha="right", color=MUTED)
    line = float(y(past.dead_below))
    sheet.line([LEFT, WIDTH - RIGHT], [line, line], color=INK, linewidth=0.8, linestyle=":")
    sheet.text(WIDTH - RIGHT, line - 8, "below: dead", ha="right", color=MUTED, size=8)
    told = past.weeks.dropna(subset=["p"])
    if told.empty:
        sheet.text((LEFT + WIDTH - RIGHT) / 2, float(y(0.6)), "no chance is told while the buyer is not quiet", ha="center", color=MUTED)
        return
    at, known = x(told["as_of"]), told["low"].notna().to_numpy()
    if known.sum() > 1:
        sheet.areas([[*zip(at[known], y(told["low"])[known], strict=True), *zip(at[known][::-1], y(told["high"])[known][::-1], strict=True)]], BUYER, 0.22)
    sheet.line(at, y(told["p"]), color=BUYER, linewidth=2, marker="o" if len(told) < 3 else None, markersize=4)
    sheet.text(LEFT + 3, high - 9, "chance to come back, and what came true", color=BUYER, size=8)


def _lanes(sheet: Sheet, facts: pd.DataFrame, x: Any) -> None:
    sheet.lines([[(LEFT, height), (WIDTH - RIGHT, height)] for height in LANES.values()], MUTED, 0.4)
    for name, height in LANES.items():
        sheet.text(LEFT - 4, height - 3, name, ha="right")
    kinds, at = facts["kind"].to_numpy(), x(facts["occurred_at"])
    means, is_sign = facts["kind"].map(MEANS).to_numpy(), facts["is_buyer_signal"].to_numpy(dtype=bool)
    marks = [("buyer", is_sign & (means == mean), mark, BUYER, BUYER, 5) for mean, mark in MARKS.items()]
    marks += [("we", ~is_sign & (means == mean), mark, SELLER, "white", 5) for mean, mark in MARKS.items()]
    marks += [("proposals", kinds == kind, mark, SELLER, SELLER, 6) for kind, mark in PROPOSALS.items()]
    marks += [("stages", kinds == "stage_changed", "|", INK, INK, 9)]
    for lane, chosen, mark, edge, face, size in marks:
        if chosen.any():
            sheet.line(at[chosen], np.full(chosen.sum(), LANES[lane]), color=edge, marker=mark, markerfacecolor=face, markersize=size, alpha=0.8, linestyle="none")
    sheet.text(LEFT, FOOT + 14, "○ mail  △ call  □ meeting  ◇ other \N{EM SPACE}proposals: ◆ sent × gone \N{EM SPACE}grey: quiet", color=MUTED, size=7)


def _months(sheet: Sheet, begin: np.datetime64, end: np.datetime64, x: Any) -> None:
    """A month's name at the first of as many months as fit."""
    months = np.arange(begin.astype("datetime64[M]") + 1, end.astype("datetime64[M]") + 1)
    shown = months[:: max(1, -(-len(months) // 6))]
    at = x(shown)
    sheet.lines([[(one, FOOT + 8), (one, OUTLOOK[1])] for one in at], MUTED, 0.3)
    for month, place in zip(pd.DatetimeIndex(shown), at, strict=True):
        sheet.text(place, FOOT - 11, f"{month:%b}" if month.month > 1 else f"{month:%Y}", ha="center")
    for place, when, side in ((LEFT, begin, "left"), (WIDTH - RIGHT, end, "right")):
        sheet.text(place, 2, f"{pd.Timestamp(when):%d %b %Y}", ha=side, color=MUTED, size=8)
