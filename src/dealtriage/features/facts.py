"""The facts of some deals in the order in which they became known, and what each fact knows of those before it.

An answer of this module is one entry per fact. It is made from the fact itself and earlier ones of its deal alone, so
a feature that counts or picks facts by it sees no further than the facts it picks.
"""

from functools import cached_property

import numpy as np
import pyarrow as pa

from dealtriage.features.columns import (
    DAY,
    Coded,
    Columns,
    Flags,
    Floats,
    Ints,
    Ordered,
    coded,
    expand,
    in_order,
    seconds,
)
from dealtriage.kinds import KINDS

TIES = ("kind", "fact_id")


class Facts:
    """A timeline (schemas.FACTS), sorted by (deal, known_at, occurred_at, kind, fact_id).

    `deal`: whole numbers in the order of the deals' ids. `known`, `occurred`: whole seconds since `start`, an instant before
    all others; all lie below `span`, so that `base` = deal * span plus a time ascends with deal and time; `key` is that of `known`.
    """

    columns: Ordered
    key: Ints
    occurred: Ints
    begins: Ints
    start: int
    span: int

    def place(self, columns: Columns, deal: Ints, deals: int, others: Ints) -> None:
        """Sort a timeline. `deal`: of each fact, below `deals`. `others`: more times to come (seconds since 1970)."""
        known, occurred = seconds(columns["known_at"].to_numpy()), seconds(columns["occurred_at"].to_numpy())
        times = [times for times in (known, occurred, others) if len(times)]
        self.start = int(min((t.min() for t in times), default=0))
        self.span = int(max((t.max() for t in times), default=0)) - self.start + 1
        occurred -= self.start
        ties = (lambda at, name=name: coded(columns[name].take(pa.array(at))).in_order().codes for name in TIES)
        key, order = in_order(deal, known - self.start, self.span, lambda at: occurred[at], *ties)
        self.hold(Ordered(columns, order, len(key)), key, occurred if order is None else occurred[order], np.bincount(deal, minlength=deals))

    def hold(self, columns: Ordered, key: Ints, occurred: Ints, facts: Ints) -> None:
        """Take facts that are sorted. `facts`: how many each deal has."""
        self.columns, self.key, self.occurred = columns, key, occurred
        self.begins = np.append(0, np.cumsum(facts))
        self._kinds: dict[tuple[str, ...], Flags] = {}

    @cached_property
    def deal(self) -> Ints:
        """The deal of each fact."""
        return np.repeat(np.arange(len(self.begins) - 1), np.diff(self.begins))

    @cached_property
    def base(self) -> Ints:
        """What `key` is of the deal of each fact at the start."""
        return self.deal * self.span

    @cached_property
    def known(self) -> Ints:
        """When each fact became known."""
        return self.key - self.base

    # Columns

    @cached_property
    def kind(self) -> Coded:
        """The kind of each fact; its codes are small, as they are compared over and over."""
        found = self.texts("kind")
        return Coded(found.codes.astype(np.min_scalar_type(-len(found.words) - 1)), found.words)

    def is_kind(self, *kinds: str) -> Flags:
        """Facts of any of these kinds. Raises ValueError for a name that is no kind (kinds.KINDS)."""
        if kinds not in self._kinds:
            if unknown := sorted(set(kinds) - {*KINDS}):
                raise ValueError(f"no kind of fact is called {', '.join(unknown)}; dealtriage.kinds.KINDS lists them")
            self._kinds[kinds] = self.kind.is_any(*kinds)
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
        return self.texts("actor").is_any("system")

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

