"""One page per stalled or dead deal: what the phase asks for, its work prepared. Filled from templates that a team may edit; no message is ever sent."""

import re
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from dealtriage.errors import BadInput
from dealtriage.params import Phases
from dealtriage.publish.cells import csv_cell, safe_line
from dealtriage.winloss.causes import CAUSES
from dealtriage.winloss.sheet import CAUSE_TOLD
from dealtriage.winloss.words import repeated
from dealtriage.words import day_ahead, days, many, share

QUESTIONS = 5
DONE_BY_US = {name for cause in ("ours", "clutter") for name in CAUSES[cause]} | {"contacts_engaged", "meetings_cancelled_90d"}
NEUTRAL = ("we met", "we sent a proposal", "we withdrew a proposal", "the buyer sent a document", "the buyer called", "the deal got another owner")
PAGES = ("1_withdraw", "2_rediscover", "3_third_party", "close_out")
ROLES = {"mediator": ("a mediator", "Hear both sides, each alone first; find out whether both still want it, and under which terms they would talk."),
         "fresh_perspective": ("somebody with a fresh view", "Look at it as if it began today: what is the need, who has it, and what would you do first?"),
         "critique": ("somebody who criticises our side", "Ask the buyer what was hard for them, and tell us plainly; defend nothing."),
         "recommendations": ("somebody who can recommend", "Tell the buyer what you would choose in their place, and what you would leave out."),
         "win_loss_interview": ("somebody outside, for a win/loss interview", ""), "": ("", "")}
GAUGE = {"answered": "the buyer's signs against our approaches, 30 days", "prompt": "how soon they answer, against what is usual for them",
         "kept": "meetings held of those that came up", "broad": "people still heard from, of those once engaged"}
CHASING = 0.33
HARMLESS = str.maketrans({"<": "&lt;", ">": "&gt;", "[": "(", "]": ")", "`": "'", "*": "\\*", "|": "/"})


class Line(str):
    """A text in a line to copy, which stays as it is; in Markdown it stands in a block of code."""


class Playbooks:
    """The templates of one language. Raises BadInput where the folder, a template or the questions are missing or broken."""

    def __init__(self, params: Phases) -> None:
        self.params = params
        self.folder = params.playbooks / params.language
        if not (self.folder / "questions.md").is_file():
            raise BadInput(f"There are no playbooks in {self.folder}.", "Set phases.playbooks and phases.language to a folder like playbooks/en.")
        self.questions = read_questions((self.folder / "questions.md").read_text("utf-8"))
        self.env = Environment(loader=FileSystemLoader(self.folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                               keep_trailing_newline=True, autoescape=False, finalize=_one_line)  # Markdown, not HTML

    def page(self, deal: dict[str, Any], sheet: list[dict[str, Any]], story: list[dict[str, Any]], differences: list[dict[str, Any]]) -> str:
        """The page of one deal. deal: its row of the advice table; sheet, story, differences: its rows of those tables, in order."""
        name = f"{deal['phase']}.md.j2"
        chosen = {name: self.questions.get(name, []) for name in ("settle", "interview")}
        chosen["ask"] = chosen_questions(self.questions, deal["kind"], deal["cause"])
        try:
            text = self.env.get_template(name).render(deal=_told(deal, self.params), sheet=sheet, questions=chosen["ask"], to_settle=chosen["settle"], interview=chosen["interview"], avoid=avoid(differences),
                                                      gauge=_gauge_lines(deal), neutral=_neutral(story))
        except TemplateError as error:
            raise BadInput(f"The playbook {self.folder / name} cannot be filled: {error}.", "Correct the template; docs/playbooks.md lists what it may use.") from error
        return re.sub(r"\n{3,}", "\n\n", text)


def with_chance(advice: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """The advice table as playbooks read it: the chance as p_revive, and horizon_days."""
    return advice.rename(columns={f"p_revive_{horizon_days}d": "p_revive"}).assign(horizon_days=horizon_days)


def read_questions(text: str) -> dict[str, list[str]]:
    """The questions by heading."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
        elif line.startswith("- ") and name:
            found.setdefault(name, []).append(line[2:].strip())
    return found


def chosen_questions(questions: dict[str, list[str]], kind: str, cause: str) -> list[str]:
    """Five at most: two of the kind, two of the cause, then those that are always good; where one has none, more of the others."""
    first = [*questions.get(kind, [])[:2], *questions.get(cause, [])[:2], *questions.get("always", [])]
    return list(dict.fromkeys(first))[:QUESTIONS]


def avoid(differences: list[dict[str, Any]]) -> list[str]:
    """What we did in which the deal is nearer to those that died than to those that were won, in words."""
    shared = [one for one in differences if one["feature"] in DONE_BY_US and one["p_as_won"] > one["p_now"] and abs(one["here"] - one["died_median"]) <= abs(one["here"] - one["won_median"])]
    return [repeated(one["feature"], one["here"], one["won_median"]) for one in shared[:3]]


def _told(deal: dict[str, Any], params: Phases) -> dict[str, Any]:
    """What templates may use of a deal; every text on one line."""
    p, gauge = deal["p_revive"], deal["gauge"]
    outcome = [deal[name].replace("_", " ") for name in ("outcome_class", "kind") if deal[name] != "unknown"]
    return {
        "id": Line(csv_cell(deal["deal_id"])), "name": _text(deal["deal_name"]) or deal["deal_id"], "account": _text(deal["account_name"]), "stage": _text(deal["stage"]), "state": deal["state"], "step": deal["step"],
        "today": f"{deal['cutoff']:%Y-%m-%d}", "meeting_on": day_ahead(deal["cutoff"], deal["next_meeting_days"]), "began": _day(deal["created_at"]),
        "chance_told": f"{deal['state'].capitalize()}: a chance of {share(p)} to come back within {deal['horizon_days']} days",
        "why_phase": deal["why_phase"], "until": deal["until"], "role": deal["role"], "why_role": deal["why_role"],
        "role_told": ROLES[deal["role"]][0], "role_asked": ROLES[deal["role"]][1], "proposal": deal["proposal"],
        "proposals_sent": int(deal["proposals_sent"]), "proposals_outstanding": int(deal["proposals_outstanding"]),
        "proposal_sent_at": _day(deal["proposal_sent_at"]),
        "table_told": _table(deal), "has_sheet": bool(deal["has_sheet"]), "sheet_note": deal["sheet_note"], "needs": deal["needs_note"], "heard_at": _day(deal["cutoff"] - pd.Timedelta(days=deal["silence_days"])) if deal["signs_so_far"] else "",
        "whom": deal["whom"], "whom_evidence": deal["whom_evidence"], "first_name": deal["whom"].split(",")[0] if deal["whom"] and not deal["whom"].startswith("the contact ") else "",
        "gauge_told": _gauge(gauge, deal["gauge_before"], params.talk_works), "hand_told": _hand(deal["hand_90d"]),
        "restall_told": _restall(deal["p_restall"]), "restall_if": deal["restall_if"], "silence_told": days(deal["silence_days"]),
        "outcome_told": ": ".join(outcome) or "not clear", "outcome_why": "; ".join(part for part in (deal["why_class"], deal["why_kind"] if deal["kind"] != "unknown" else "") if part),
        "outcome_chances": ", ".join(f"{name.replace('_', ' ')} {share(deal[f'p_{name}'])}" for name in ("no_decision", "lost_to_competitor", "disqualified")),
        "stated": deal["loss_reason"] if isinstance(deal["loss_reason"], str) else "", "cause_told": CAUSE_TOLD[deal["cause"]]}


def _table(deal: dict[str, Any]) -> str:
    return {"outstanding": f"{many(deal['proposals_outstanding'], 'proposal is', 'proposals are')} out", "expired": "The last proposal has run out",
            "withdrawn": "The proposal was withdrawn, and nothing is on the table", "none": "Nothing is on the table"}[deal["proposal"]]


def _gauge(now: float, before: float, works: float) -> str:
    if pd.isna(now):
        return "Nothing is recorded to tell by."
    trend = "" if pd.isna(before) or abs(now - before) < 0.05 else f", {'up' if now > before else 'down'} from {before:.0%} four weeks ago"
    return f"{'It does' if now >= works else 'It does not'}: the gauge stands at {now:.0%}{trend} (it works from {works:.0%} on)."


def _gauge_lines(deal: dict[str, Any]) -> list[str]:
    return [f"{told}: {deal[f'gauge_{name}']:.0%}" for name, told in GAUGE.items() if not pd.isna(deal[f"gauge_{name}"])]


def _hand(hand: float) -> str:
    if pd.isna(hand):
        return "not known"
    return "mostly we do" if hand < -CHASING else "mostly the buyer does" if hand > CHASING else "both sides do their part"


def _restall(p: float) -> str:
    return "" if pd.isna(p) else f"If it comes back, we expect a chance of {share(p)} that it is quiet again within 60 days"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _day(at: pd.Timestamp) -> str:
    return "" if pd.isna(at) else f"{at.day} {at:%B %Y}"


def _neutral(story: list[dict[str, Any]]) -> list[str]:
    """What happened, as far as both sides would tell it the same way."""
    return [f"{_day(one['at'])}: {one['what']}" for one in story if one["what"] in NEUTRAL]


def _one_line(value: Any) -> Any:
    """Names come from a CRM: one bounded line in which no sign means anything to Markdown or HTML."""
    if isinstance(value, Line):
        return value
    return re.sub(r"^(\s*)#", r"\1\#", safe_line(value, 1000).translate(HARMLESS)) if isinstance(value, str) else value
