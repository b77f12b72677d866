"""Deals written by hand with a known story, through a Salesforce export, scored by the small company's model."""

import csv
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from dealtriage.params import load_params
from dealtriage.pipeline import run_stage
from dealtriage.sample.salesforce.ids import make_id
from dealtriage.tables import read_parquet
from dealtriage.winloss.pasts import write_pasts
from dealtriage.winloss.stated import KINDS
from dealtriage.workspace import Workspace
from tests.company import finished_run, raw_export, write_params

STAGES = ("clean", "timeline", "cohort", "features", "score", "winloss", "recommend", "publish")
NAMES = ("Left alone", "Talking again", "Ran out", "Sent again")
LEFT, BACK, EXPIRED, AGAIN = (make_id("Opportunity", 900_000 + number) for number in range(4))
ANN, BEN = (make_id("Contact", 900_000 + number) for number in range(2))
DAYS = "%Y-%m-%d %H:%M:%S"


class Book:
    """An export to which rows are added."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 900_000
        self.rows: dict[str, list[dict[str, str]]] = {}
        first = self.read("Opportunity")[0]
        self.account, self.rep = first["AccountId"], first["OwnerId"]

    def read(self, name: str) -> list[dict[str, str]]:
        with (self.folder / f"{name}.csv").open(encoding="latin-1" if name == "Account" else "utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def add(self, name: str, **values: str) -> None:
        self.number += 1
        self.rows.setdefault(name, []).append({"Id": make_id(name, self.number), "IsDeleted": "0", **values})

    def deal(self, deal: str, name: str, created: str) -> None:
        self.add("Opportunity", Id=deal, AccountId=self.account, Name=name, StageName="Proposal/Price Quote", Amount="30000", CloseDate="2026-08-31", IsClosed="0", IsWon="0",
                 CurrencyIsoCode="USD", OwnerId=self.rep, CreatedDate=f"{created} 09:00:00", LastModifiedDate="2026-06-20 09:00:00")
        for day, stage in ((0, "Qualification"), (20, "Proposal/Price Quote")):
            at = datetime.fromisoformat(f"{created} 09:00:00") + timedelta(days=day)
            self.add("OpportunityHistory", OpportunityId=deal, CreatedById=self.rep, CreatedDate=at.strftime(DAYS), StageName=stage, Amount="30000", CloseDate="2026-08-31", CurrencyIsoCode="USD")
        for person in (ANN, BEN):
            self.add("OpportunityContactRole", OpportunityId=deal, ContactId=person, Role="Influencer", IsPrimary="0", CreatedDate=f"{created} 09:00:00")

    def mail(self, deal: str, day: str, incoming: bool, who: str, subject: str = "Our talk", bounced: bool = False) -> None:
        task = make_id("Task", 950_000 + self.number)
        address = {ANN: "ann@works.example", BEN: "ben@works.example"}[who]
        self.add("EmailMessage", ActivityId=task, RelatedToId=deal, CreatedDate=f"{day} 10:00:00", MessageDate=f"{day} 10:00:00", Incoming=str(int(incoming)), Status="3",
                 Subject=subject, FromAddress=address if incoming else "rep@us.example", ToAddress="rep@us.example" if incoming else address, IsBounced=str(int(bounced)), ThreadIdentifier=f"{deal}{subject}")
        self.add("Task", Id=task, WhoId=who, WhatId=deal, Subject=f"Email: {subject}", ActivityDate=day, Status="Completed", OwnerId=self.rep, TaskSubtype="Email", IsClosed="1",
                 CompletedDateTime=f"{day} 10:00:00", CreatedDate=f"{day} 10:00:00")

    def quote(self, deal: str, day: str, status: str, changed: str, expires: str = "2026-12-31", total: str = "30000") -> None:
        self.add("Quote", OpportunityId=deal, Name="v1", Status=status, GrandTotal=total, ExpirationDate=expires, CurrencyIsoCode="USD", CreatedDate=f"{day} 11:00:00",
                 LastModifiedDate=f"{changed} 11:00:00")

    def write(self) -> None:
        for name, added in self.rows.items():
            old = self.read(name)
            with (self.folder / f"{name}.csv").open("w", encoding="latin-1" if name == "Account" else "utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(old[0]), restval="", quoting=csv.QUOTE_ALL)
                writer.writeheader()
                writer.writerows([*old, *added])


def week(first: str, number: int, days: int = 7) -> str:
    return f"{datetime.fromisoformat(first) + timedelta(days=days * number):%Y-%m-%d}"


def tell(book: Book) -> None:
    for name, person in (("Ann Works", ANN), ("Ben Works", BEN)):
        book.add("Contact", Id=person, AccountId=book.account, Name=name, Email=f"{name[:3].lower()}@works.example", Title="Head of plant" if person == ANN else "Engineer")
    for deal, name in zip((LEFT, BACK, EXPIRED, AGAIN), NAMES, strict=True):
        book.deal(deal, name, "2026-01-05")
        for number in range(12):
            who = BEN if number % 4 == 3 else ANN
            book.mail(deal, week("2026-01-12", number), False, who)
            book.mail(deal, week("2026-01-13", number), True, who)
    book.quote(LEFT, "2026-03-20", "Presented", "2026-03-20")  # Ann leaves; nobody answers any more
    book.mail(LEFT, "2026-04-14", False, ANN, bounced=True)
    for number in range(6):
        book.mail(LEFT, week("2026-04-16", number, 3), False, ANN, "Following up")
    book.quote(BACK, "2026-03-20", "Withdrawn", "2026-05-20")  # withdrawn, then a sign
    book.mail(BACK, "2026-06-10", True, BEN, "Thank you")
    book.quote(EXPIRED, "2026-03-20", "Presented", "2026-03-20", expires="2026-04-20")
    book.quote(AGAIN, "2026-03-20", "Withdrawn", "2026-05-01")
    book.quote(AGAIN, "2026-05-20", "Presented", "2026-05-20")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("stories")
    shutil.copytree(raw_export(), root / "raw")
    book = Book(root / "raw")
    tell(book)
    book.write()
    (root / "actions.csv").write_text(f"deal_id,done_at,action,note\n{BACK},2026-06-12,rediscovery_started,\nnobody,2026-06-12,sheet_filled,\n{BACK},2026-06-12,sang a song,\n")
    (root / "answers.csv").write_text(f'deal_id,question,answer,answered_at\n{BACK},lesson,"we spoke of price, they of safety",2026-05-19\n{LEFT},outcome,the plant is closing,2026-06-01\n{LEFT},weather,fine,2026-06-01\n')
    params = write_params(root / "params.yaml", root / "raw", phases={"actions": str(root / "actions.csv"), "answers": str(root / "answers.csv")})
    for name in ("models", "reports"):
        shutil.copytree(finished_run() / name, root / name)
    for stage in STAGES:
        run_stage(stage, load_params(params), Workspace(root))
    return root


def advice(root: Path, deal: str) -> pd.Series:
    return read_parquet(root / "data" / "advice" / "advice.parquet").set_index("deal_id").loc[deal]


def test_a_deal_whose_champion_left_turned_with_her_last_sign(told: Path) -> None:
    deal = advice(told, LEFT)
    assert deal["state"] in ("stalled", "dead")
    assert abs(deal["turned_at"] - pd.Timestamp("2026-03-31")) < pd.Timedelta(days=14)
    assert (deal["kind"], deal["why_kind"]) == ("champion_left", "mail bounced") or deal["outcome_class"] != "no_decision"
    assert deal["p_champion_left"] == max(deal[f"p_{kind}"] for kind in KINDS)
    story = read_parquet(told / "data" / "winloss" / "stories.parquet")
    lines = story.loc[story["deal_id"] == LEFT, "what"].tolist()
    assert "we sent a proposal" in lines
    assert any(line.startswith("last sign of the buyer") for line in lines)


def test_a_withdrawn_deal_that_answers_is_in_rediscovery(told: Path) -> None:
    deal = advice(told, BACK)
    assert (deal["proposal"], deal["has_sheet"], deal["signals_since_withdrawal"]) == ("withdrawn", True, 1)
    assert deal["days_rediscovering"] == pytest.approx(17, abs=1)
    assert deal["state"] != "stalled" or deal["phase"] in ("2_rediscover", "3_third_party")
    assert deal["sheet_note"] == "we spoke of price, they of safety"
    assert deal["whom"].endswith("Works, Engineer") or deal["whom"].endswith("Works, Head of plant")


def test_what_ran_out_and_what_was_sent_again_are_told_apart(told: Path) -> None:
    assert advice(told, EXPIRED)["proposal"] == "expired"
    again = advice(told, AGAIN)
    assert (again["proposal"], again["is_same_again"]) == ("outstanding", True)
    assert again["state"] != "stalled" or again["why_phase"].startswith("the proposal that was withdrawn went out again")


def test_the_reps_answers_stand_on_the_sheet_and_nonsense_is_named(told: Path) -> None:
    sheets = read_parquet(told / "data" / "advice" / "sheets.parquet").set_index(["deal_id", "key"])["your_answer"]
    assert sheets[(LEFT, "outcome")] == "the plant is closing"
    assert advice(told, LEFT)["has_sheet"] == False  # noqa: E712
    bad = pd.read_csv(told / "data" / "advice" / "quarantine.csv")
    assert sorted(bad["line"]) == [3, 4, 4]
    assert set(bad["file"]) == {str(told / "actions.csv"), str(told / "answers.csv")}


def test_a_playbook_lies_in_its_reps_folder_alone(told: Path) -> None:
    pages = list((told / "data" / "lists" / "playbooks").rglob("*-left-alone.md"))
    assert len(pages) == 1
    text = pages[0].read_text()
    assert "Left alone" in text and "champion left" in text
    assert not any(name in page.read_text() for name in NAMES for page in pages[0].parent.parent.rglob("*.md") if page.parent != pages[0].parent)


def test_the_log_of_recommendations_goes_on(told: Path) -> None:
    log = read_parquet(told / "data" / "recommended" / "log.parquet")
    assert set(log["phase"]) <= {"1_withdraw", "2_rediscover", "3_third_party", "close_out", "ask_the_owner"}
    assert len(set(log["recommended_at"])) == 1 and not log["is_held_out"].any()
    run_stage("recommend", load_params(told / "params.yaml"), Workspace(told))
    pd.testing.assert_frame_equal(read_parquet(told / "data" / "recommended" / "log.parquet"), log)


def test_a_part_without_stalled_or_dead_deals_and_one_without_reopened_ones_are_written(told: Path, tmp_path: Path) -> None:
    params, workspace = load_params(told / "params.yaml"), Workspace(told)
    write_pasts(params, workspace, tmp_path / "none", pd.Series([], dtype="str"), 0)
    assert read_parquet(tmp_path / "none" / "now" / "part-0000.parquet").empty
    write_pasts(params, workspace, tmp_path / "one", pd.Series([LEFT]), 0)
    assert set(read_parquet(tmp_path / "one" / "now" / "part-0000.parquet")["deal_id"]) == {LEFT}


def test_deals_drawn_for_the_experiment_are_told_nothing(told: Path, tmp_path: Path) -> None:
    for name in ("data", "reports"):
        shutil.copytree(told / name, tmp_path / name)
    workspace = Workspace(tmp_path)
    params = load_params(write_params(tmp_path / "params.yaml", told / "raw", phases={"actions": None, "answers": None, "experiment": {"share": 0.5, "salt": "x"}}))
    for stage in ("recommend", "publish"):
        run_stage(stage, params, workspace)
    found = read_parquet(tmp_path / "data" / "advice" / "advice.parquet")
    drawn = set(found.loc[found["is_held_out"], "deal_id"])
    log = read_parquet(tmp_path / "data" / "recommended" / "log.parquet")
    assert drawn and set(log.loc[log["is_held_out"], "deal_id"]) == drawn and set(log["lot"]) == {"0.5:x"}
    lists = pd.concat([pd.read_csv(path, dtype="str", keep_default_na=False) for path in (tmp_path / "data" / "lists").glob("rep-*.csv")])
    told_of = lists[lists["deal_id"].isin(drawn)]
    assert set(told_of["do_next"].str.replace(r"^keep the meeting on .*?; ", "", regex=True)) == {"go on as you would without this list"}
    assert set(told_of["phase"]) == {""} and set(told_of["why_this_phase"]) == {"drawn for the experiment"}
    assert not drawn & set(read_parquet(tmp_path / "data" / "advice" / "sheets.parquet")["deal_id"])
