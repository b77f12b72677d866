"""All that is known of one deal, on one page: its story, its sheet, its playbook; and a figure of its past."""

from pathlib import Path

import pandas as pd

from dealtriage.errors import BadInput
from dealtriage.params import Params
from dealtriage.publish.playbooks import PAGES, Playbooks, with_chance
from dealtriage.report.figures import deal_past
from dealtriage.tables import by_deal, read_parquet
from dealtriage.workspace import Workspace


def about(params: Params, workspace: Workspace, deal_id: str, figure: Path | None) -> str:
    """The page, as Markdown; draws the figure where a path is given.

    deal_id: an id of the export, Salesforce's short form too. Raises BadInput where no open deal has it, or nothing is told of a deal that is neither stalled nor dead.
    """
    advice = with_chance(read_parquet(workspace.advice / "advice.parquet"), params.label.horizon_days)
    asked = advice[(advice["deal_id"] == deal_id) | ((advice["deal_id"].str[:15] == deal_id) & (len(deal_id) == 15))]
    if asked.empty:
        raise BadInput(f"No open deal has the id {deal_id}.", "Take one from the column deal_id of a list in data/lists.")
    deal = {str(name): value for name, value in asked.iloc[0].items()}
    one = deal["deal_id"]
    if deal["is_held_out"]:
        raise BadInput(f"{one} was drawn for the experiment: nothing is recommended.", "Choose another deal; docs/does-it-help.md says why.")
    if deal["phase"] not in PAGES:
        raise BadInput(f"{one} is {deal['state'].replace('_', ' ')}: {deal['why_phase']}. There is no win/loss analysis of it.", "Choose a deal that is stalled or dead.")
    stories, differences = (by_deal(read_parquet(workspace.winloss / f"{name}.parquet")).get(one, []) for name in ("stories", "differences"))
    sheet = by_deal(read_parquet(workspace.advice / "sheets.parquet"))[one]
    lines = [f"{number}. {line['at']:%d %B %Y}: {line['what']}" for number, line in enumerate(stories, start=1)]
    if figure is not None:
        weeks = read_parquet(workspace.winloss / "weeks.parquet")
        deal_past(deal["deal_name"], weeks[weeks["deal_id"] == one], None if pd.isna(deal["turned_at"]) else deal["turned_at"],
                  [(line["at"], line["what"]) for line in stories], params.cohort.quiet_days, params.label.horizon_days, params.publish.dead_below, figure)
    story = "\n".join(lines) or "Nothing stands out."
    return f"{Playbooks(params.phases).page(deal, sheet, stories, differences).rstrip()}\n\n## What happened when it turned\n\n{story}\n\n{_sheet(sheet) if deal['phase'] != '1_withdraw' else ''}"


def _sheet(sheet: list[dict[str, str]]) -> str:
    told = [(one["question"], one["answer"], f" *({one['evidence']})*" if one["evidence"] else "") for one in sheet if one["answer"]]
    rows = "\n".join(f"{number}. **{question}** {answer}{evidence}" for number, (question, answer, evidence) in enumerate(told, start=1))
    return f"## The win/loss sheet\n\n{rows}\n"
