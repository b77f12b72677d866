"""The facts of some deals in the order in which they became known, and what each fact knows of those before it.

An answer of this module is one entry per fact. It is made from the fact itself and earlier ones of its deal alone, so
a feature that counts or picks facts by it sees no further than the facts it picks.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from dealtriage.features.columns import DAY, Coded, Flags, Floats, Ints, Ordered, coded, expand, order_of, seconds
from dealtriage.kinds import KINDS
from dealtriage.tables import PartColumns

TIES = ("kind", "fact_id")


class Facts:
    """A timeline (schemas.FACTS), sorted by (deal, known_at, occurred_at, kind, fact_id).

    `deal`: whole numbers in the order of the deals' ids. `known`, `occurred`: whole seconds since `start`, an instant before
    all others; all lie below `span`, so that `base` = deal * span plus a time ascends with deal and time; `key` is that of `known`.
    """

    columns: Ordered
    deal: Ints
    known: Ints
    occurred: Ints
    start: int
    span: int

    def place(self, frame: pd.DataFrame | PartColumns, number: Ints, others: Ints) -> None:
        """Sort a timeline. `number`: of the deal of each code of its deal_id. `others`: more times to come (seconds since 1970)."""
        deal = number[coded(frame["deal_id"]).codes]
        known, occurred = seconds(frame["known_at"]), seconds(frame["occurred_at"])
        times = [times for times in (known, occurred, others) if len(times)]
        start = int(min((t.min() for t in times), default=0))
        span = int(max((t.max() for t in times), default=0)) - start + 1
        texts = (lambda at, name=name: frame[name].iloc[at].astype("str").rank(method="dense").to_numpy(dtype=np.int64) for name in TIES)
        order = order_of(deal * span + known - start, lambda at: occurred[at], *texts)
        if order is not None:
            deal, known, occurred = deal[order], known[order], occurred[order]
        self.hold(Ordered(frame, order, len(deal)), deal, known - start, occurred - start, start, span, len(number))

    def hold(self, columns: Ordered, deal: Ints, known: Ints, occurred: Ints, start: int, span: int, deals: int) -> None:
        """Take facts that are sorted."""
        self.columns, self.deal, self.known, self.occurred, self.start, self.span = columns, deal, known, occurred, start, span
        self.base = deal * span
        self.key = self.base + known
        self.begins = np.concatenate([[0], np.cumsum(np.bincount(deal, minlength=deals))])
        self._kinds: dict[tuple[str, ...], Flags] = {}

    # Columns

    @cached_property
    def kind(self) -> Coded:
        """The kind of each fact."""
        return self.texts("kind")

    def is_kind(self, *kinds: str) -> Flags:
        """Facts of any of these kinds. Raises ValueError for a name that is no kind (kinds.KINDS)."""
        if kinds not in self._kinds:
            if unknown := sorted(set(kinds) - {*KINDS}):
                raise ValueError(f"no kind of fact is called {', '.join(unknown)}; dealtriage.kinds.KINDS lists them")
            self._kinds[kinds] = np.append(np.isin(np.asarray(self.kind.names, dtype=object), kinds), False)[self.kind.codes]
        return self._kinds[kinds]

    @cached_property
    def is_signal(self) -> Flags:
        """Facts that are buyer signals."""
        return self.columns.values("is_buyer_signal")

    @cached_property
    def is_touch(self) -> Flags:
        """Facts in which the seller reached out or worked with the buyer."""
        return self.columns.values("is_seller_touch")

    @cached_property
    def is_seller_message(self) -> Flags:
        """Mail out and calls that nobody answered: the seller spoke, an answer is awaited. Also what a program sent, or filed for them."""
        return self.is_kind("email_out", "call_unanswered")

    @cached_property
    def is_by_system(self) -> Flags:
        """Facts that a program made."""
        actor = self.texts("actor")
        return np.append(np.asarray(actor.names == "system", dtype=bool), False)[actor.codes]

    @cached_property
    def value(self) -> Floats:
        """The measure of each fact (stage position, amount, days moved); NaN where it has none."""
        return self.columns.values("value")

    @cached_property
    def value_before(self) -> Floats:
        """The measure that `value` replaced; NaN where there was none."""
        return self.columns.values("value_before")

    @cached_property
    def due(self) -> Floats:
        """What a plan or promise is dated for, in seconds since `start`; NaN where it has no date."""
        times = self.columns.values("due_at").astype("datetime64[s]")
        return np.where(np.isnat(times), np.nan, times.astype(np.int64) - self.start)

    @cached_property
    def contact(self) -> Coded:
        """The person of the buyer each fact is about."""
        return self.texts("contact_id")

    @cached_property
    def thread(self) -> Coded:
        """The mail thread of each fact."""
        return self.texts("thread_id")

    @cached_property
    def author(self) -> Coded:
        """Our person who did or logged each fact; of `deal_created` and `owner_changed` the deal's owner from then on."""
        return self.texts("owner_id")

    def texts(self, column: str, at: Ints | None = None) -> Coded:
        """A column of texts, of all facts or of those at some positions."""
        return self.columns.texts(column) if at is None else self.columns.some_texts(column, at)

    # What one fact knows of those before it (in the order they became known)

    @cached_property
    def first(self) -> Ints:
        """The position of the first fact of each fact's deal."""
        return self.begins[self.deal]

    def latest(self, flag: Flags) -> Ints:
        """For each position from 0 to the number of facts, that of the last flagged fact before it, of any deal; -1 none."""
        answer = np.full(len(flag) + 1, -1, dtype=np.int64)
        np.maximum.accumulate(np.where(flag, np.arange(len(flag)), -1), out=answer[1:])
        return answer

    def previous(self, flag: Flags) -> Ints:
        """For each fact, the position of the latest flagged fact of its deal known before it; -1 where none."""
        latest = self.latest(flag)[:-1]
        return np.where(latest >= self.first, latest, -1)

    def latest_occurrence(self, flag: Flags) -> Ints:
        """For each fact, when the newest flagged fact of its deal occurred, itself included; negative where none."""
        marks = np.where(flag, self.base + self.occurred, -1)
        return np.maximum.accumulate(marks, out=marks) - self.base

    def days_after(self, flag: Flags, before: Flags) -> Floats:
        """For each flagged fact, the days since the latest occurrence of `before` facts known before it; else NaN."""
        at = np.flatnonzero(flag | before)
        marks = np.where(before[at], self.base[at] + self.occurred[at], -1)
        past = np.append(-1, np.maximum.accumulate(marks, out=marks))[:-1] - self.base[at]
        waited = np.where(flag[at] & (past >= 0), np.maximum((self.occurred[at] - past) / DAY, 0.0), np.nan)
        answer = np.full(len(flag), np.nan)
        answer[at] = waited
        return answer

    def previous_same(self, codes: Ints, flag: Flags, asked: Flags | None = None) -> Ints:
        """For each asked fact, the position of the deal's latest flagged fact before it with the same code; -1 where none.

        `asked`: the flagged facts themselves where not given; of other facts the answer is -1.
        """
        answer = np.full(len(codes), -1, dtype=np.int64)
        order, begins = self._together(codes, flag if asked is None else flag | asked)
        latest = np.append(-1, np.maximum.accumulate(np.where(flag[order], np.arange(len(order)), -1)))[:-1]
        answer[order] = np.where(latest >= begins, np.append(order, -1)[latest], -1)
        return answer

    def is_first_of(self, codes: Ints, flag: Flags) -> Flags:
        """Flagged facts whose code (a person, say) had not appeared among this deal's flagged facts before."""
        return flag & (codes >= 0) & (self.previous_same(codes, flag) < 0)

    def number_of_same(self, codes: Ints, flag: Flags) -> Ints:
        """For flagged facts, how many of the deal's flagged facts up to it have its code, itself included; 0 for others."""
        answer = np.zeros(len(codes), dtype=np.int64)
        order, begins = self._together(codes, flag)
        answer[order] = np.arange(len(order)) - begins + 1
        return answer

    def earlier(self, flag: Flags, at: Ints) -> tuple[Ints, Ints]:
        """Every pair of one of the facts at `at` and a flagged fact of its deal before it: the positions of both."""
        flagged = np.flatnonzero(flag)
        which, place = expand(np.searchsorted(flagged, self.first[at]), np.searchsorted(flagged, at))
        return at[which], flagged[place]

    def _together(self, codes: Ints, flag: Flags) -> tuple[Ints, Ints]:
        """The positions of the flagged facts that have a code, by deal and code, and where in that order each one's group begins."""
        at = np.flatnonzero(flag & (codes >= 0))
        group = self.deal[at] * (codes.max(initial=0) + 1) + codes[at]
        by_group = np.argsort(group, kind="stable")
        starts = np.append(True, np.diff(group[by_group]) > 0)[: len(at)]
        return at[by_group], np.maximum.accumulate(np.where(starts, np.arange(len(at)), 0))
