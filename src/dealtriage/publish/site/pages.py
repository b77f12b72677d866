"""The pages as text: templates filled, every name escaped, and a policy that lets nothing be loaded and no script run but ours."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dealtriage.params import Params
from dealtriage.publish.cells import csv_cell, safe_line
from dealtriage.publish.rows import DRAWN, TOLD
from dealtriage.publish.site.honesty import Honesty
from dealtriage.publish.site.team import PHASES, Team
from dealtriage.words import share

HERE = Path(__file__).parent / "templates"
LONGEST = 600
SIDES = {"buyer": "what the buyer did", "seller": "what we did", "communication": "how the two sides talk", "terms": "what is on the table", "context": "circumstances"}
REASON = re.compile(r"speaks (for|against|neither) (?:it|way): (.*?)(?: \(([\d,]+ past deals? .*)\))?", re.DOTALL)
BAR = 120.0  # half the width of the bars' picture, in its own units


class Pages:
    """The site's templates, for one run's parameters."""

    def __init__(self, params: Params) -> None:
        self.params = params
        css, js = ((HERE / name).read_text("utf-8") for name in ("site.css", "site.js"))
        self.env = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown)
        self.env.filters |= {"money": money, "share": _share, "day": _day}
        self.env.globals |= {"css": Markup(css), "js": Markup(js), "policy": policy(css, js), "phases": PHASES, "capacity": params.publish.capacity,
                             "horizon": params.label.horizon_days, "dead_below": params.publish.dead_below, "quiet_days": params.cohort.quiet_days}

    def rep(self, name: str, rows: list[dict[str, Any]]) -> str:
        """A rep's list. rows: those of the list, with page, the address of the deal's own."""
        chance = f"chance_to_revive_{self.params.label.horizon_days}d"
        told = [{**row, "chance": row[chance], "reasons": reasons(row)} for row in rows]
        later = [row for row in rows if row["state"] == "dead" and not row["do_this_week"]]
        amounts = [row["amount"] for row in later if not pd.isna(row["amount"])]
        return self._page("rep.html.j2", name=name, rows=told, first=told[0], later={"deals": len(later), "amount": float(sum(amounts))})

    def deal(self, row: dict[str, Any], deal: dict[str, Any], picture: str, sheet: list[dict[str, Any]], story: list[dict[str, Any]], book: str | None,
             last_sign: dict[str, Any] | None = None) -> str:
        """A deal's page. row: its row of the list; deal: its row of the advice; picture: SVG; last_sign: at and what, if the buyer ever gave one; book: its playbook in Markdown, if it has one."""
        horizon = self.params.label.horizon_days
        p = [(days, deal["p_revive" if days == horizon else f"p_revive_{days}d"]) for days in sorted({*self.params.label.when_days, horizon})]
        is_told = not deal["is_held_out"]
        return self._page(
            "deal.html.j2", row=row, deal=deal, chances=[(days, one) for days, one in p if not pd.isna(one)], picture=Markup(b64encode(picture.encode()).decode()), bars=bars(deal) if row["state"] in TOLD else [], last_sign=last_sign, today=f"{deal['cutoff']:%Y-%m-%d}", line_id=csv_cell(deal["deal_id"]),
            needs_answer=is_told and bool(book) and not deal["has_sheet"],
            reasons=reasons(row), sheet=[] if deal["phase"] == "1_withdraw" else sheet, story=story,
            book=Markup(in_html(book)) if book and is_told else None, drawn=DRAWN if not is_told else None)

    def manager(self, name: str, sums: Team, rows: list[dict[str, Any]]) -> str:
        """A team's page. rows: its quiet deals, each with page."""
        chance = f"chance_to_revive_{self.params.label.horizon_days}d"
        return self._page("manager.html.j2", name=name, team=sums, rows=[{**row, "chance": row[chance]} for row in rows], made=rows[0]["computed_from_export_of"] if rows else "")

    def home(self, sums: Team, reps: list[tuple[str, str]], managers: list[tuple[str, str]], honesty: Honesty) -> str:
        """The company's page: sums, and where everybody's pages lie."""
        return self._page("home.html.j2", team=sums, reps=reps, managers=managers, honesty=honesty)

    def honesty(self, honesty: Honesty) -> str:
        """How often past lists were right."""
        return self._page("honesty.html.j2", honesty=honesty)

    def _page(self, template: str, **content: Any) -> str:
        return self.env.get_template(template).render(content)


def policy(css: str, js: str) -> str:
    """The content security policy: nothing but these two texts and pictures that are part of the page."""
    style, script = (b64encode(sha256(text.encode()).digest()).decode() for text in (css, js))
    return f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"


def bars(deal: dict[str, Any]) -> list[dict[str, Any]]:
    """What each side adds to the outlook: told, adds (log-odds), x and width of its bar; empty where no chance is told."""
    adds = {name: round(float(deal[f"{name}_adds"]), 3) + 0.0 for name in SIDES}  # no -0.00
    if any(pd.isna(one) for one in adds.values()):
        return []
    longest = max(0.5, *(abs(one) for one in adds.values()))
    return [{"told": SIDES[name], "adds": one, "x": round(BAR + min(one, 0) / longest * BAR, 1), "width": round(abs(one) / longest * BAR, 1)} for name, one in adds.items()]


def reasons(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    """For or against, what it is, and how deals that stood alike fared, of each reason of a row of the list."""
    texts = [row[f"reason_{n}"] for n in (1, 2, 3) if row[f"reason_{n}"]]
    return [(told[1], told[2], told[3] or "") if (told := REASON.fullmatch(text)) else ("neither", text, "") for text in texts]


def in_html(markdown: str) -> str:
    """A playbook as HTML: what looks like HTML in it stays text, links and pictures are not made, headings lie below the page's own."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    return str(reader.renderer.render(tokens, reader.options, {}))


def money(amount: Any) -> str:
    """An amount with its thousands apart; a dash where it is not known."""
    return "–" if amount is None or pd.isna(amount) else f"{amount:,.0f}"


def _share(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else share(float(value)) if value else "0%"


def _day(at: Any) -> str:
    return "" if pd.isna(at) else f"{at.day} {at:%B %Y}"


def _shown(value: Any) -> Any:
    """Texts come from a CRM: on one line, without marks that turn the direction, and bounded. What we made ourselves (Markup) stays as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return safe_line(value, LONGEST)
    return "" if isinstance(value, float) and np.isnan(value) else value
