"""Emails and calls between a rep and a buyer."""

from __future__ import annotations

from typing import Any

from . import meetings, moves
from .buyers import is_season
from .clock import MINUTE, business, date_text
from .life import PROPOSAL, Life, Mail
from .life import Call as PhoneCall
from .rates import ENGAGED, FROZEN, GONE, UNDECIDED, WAITING

TOPICS = ("Introduction", "Needs review", "Demo", "Proposal walkthrough", "Terms", "Signing")
CHASES = ("Checking in", "Following up", "Any news?", "Quick question", "Next steps")
PHRASES = (
    "Thanks, that works for us.", "We discussed it in the team.", "Please send the details.", "Understood.",
    "We will look at it this week.", "Good to hear from you.",
)  # fmt: skip
QUESTIONS = (
    "How long does the rollout take?", "Who would train our people?", "Can we start smaller?",
    "What happens after the first year?", "Does it work with our depot system?", "Who else uses it?",
)  # fmt: skip
PRICE_QUESTION = "Can you do better on the price?"
OTHERS = ("legal team", "board", "IT department", "purchasing office", "works council")


def touch(life: Life, t: float, _: Any) -> None:
    """The rep reaches out, and thinks of the next time."""
    if not life.is_open:
        return
    if life.chance(life.rep.call_share):
        call(life, t)
    else:
        write(life, t, _subject(life), life.new_thread())
    life.later(business(t + _next_gap(life), life.rng), touch)


def _subject(life: Life) -> str:
    if life.unanswered == 0:
        return f"{TOPICS[life.stage]}: {life.account.name}"
    return f"{life.rng.choice(CHASES)}: {life.account.name}"


def _next_gap(life: Life) -> float:
    seller, rep = life.rates.seller, life.rep
    if life.unanswered > rep.chase_limit:
        return life.spread(seller.keeps_in_touch_days, 0.3)
    usual = seller.touch_days * rep.touch_factor * life.buyer.pace**0.5
    return life.spread(usual * seller.chase_growth ** min(life.unanswered, 6), 0.35)


def write(life: Life, t: float, subject: str, thread: int, weight: float = 1.0) -> Mail:
    """The rep sends an email; the buyer may open it, and answer with `weight` times the usual share."""
    logged = life.capture_time(t)
    body = f"Dear {life.account.contacts[life.contact].first},\n{subject}.\nBest regards"
    mail = Mail(t, logged, False, life.contact, subject, body, thread, _others_join(life, t))
    life.mails.append(mail)
    life.unanswered += 1
    life.press(t, min(1.0, 0.25 * life.unanswered))
    if life.contact == 0 and life.champion_dead:
        mail.bounced = True
        life.contact = 1 % len(life.account.contacts)
        return mail
    _receive(life, t, mail, weight)
    return mail


def _receive(life: Life, t: float, mail: Mail, weight: float) -> None:
    talk = life.rates.talk
    if life.chance(life.manner(t, talk.opens, quick=True)):
        mail.opened_at = mail.last_opened_at = t + life.spread(0.2, 1.2)
        if life.chance(0.6 if life.state == UNDECIDED else 0.2):
            mail.last_opened_at += life.spread(3, 0.8)
    if life.chance(talk.auto_reply_share * (3 if is_season(int(t)) else 1)):
        _auto_reply(life, t, mail)
    if life.chance(min(0.95, weight * life.manner(t, talk.reply_share))):
        life.later(business(t + _latency(life, t), life.rng), reply, mail)


def _latency(life: Life, t: float) -> float:
    usual = life.manner(t, life.rates.talk.reply_days) * life.buyer.rhythm
    return life.spread(usual * (1.5 if is_season(int(t)) else 1.0), 0.8)


def _auto_reply(life: Life, t: float, mail: Mail) -> None:
    at = t + life.rng.uniform(0.5, 3) * MINUTE
    logged = life.capture_time(at)
    text = "I am out of the office and will answer on my return."
    subject = f"Automatic reply: {mail.subject}"
    life.mails.append(Mail(at, logged, True, mail.contact, subject, text, mail.thread, automatic=True))


def _others_join(life: Life, t: float) -> bool:
    return life.buyer.people > 1 and life.chance(life.manner(t, life.rates.talk.others_join, quick=True))


def writer(life: Life, t: float) -> int:
    """The contact who speaks for the buyer this time."""
    people = life.buyer.people
    if people > 1 and (
        life.state == GONE or life.chance(0.4 * life.manner(t, life.rates.talk.others_join, quick=True))
    ):
        return life.rng.randrange(1, people)
    return life.contact


def reply(life: Life, t: float, mail: Mail) -> None:
    """The buyer answers, unless what stopped them came first."""
    if life.state != ENGAGED and life.since > mail.at and life.chance(0.6):
        return
    receive_mail(life, t, f"Re: {mail.subject}", mail.thread)


def write_first(life: Life, t: float, _: Any) -> None:
    """The buyer writes of their own accord."""
    if life.state == ENGAGED or life.chance(0.5):
        receive_mail(life, t, f"{life.account.name}: our project", life.new_thread())


def come_back(life: Life, t: float, turn: int) -> None:
    """A buyer who is engaged again writes, and often asks to meet."""
    if turn == life.turn:
        receive_mail(life, t, f"{life.account.name}: where were we", life.new_thread())
        if life.chance(life.rates.talk.returns_meeting_share):
            meetings.book_meeting(life, t + 0.1)


def receive_mail(life: Life, t: float, subject: str, thread: int, said: str = "") -> None:
    """An email of the buyer arrives and the rep reacts."""
    text = said or _text(life, t)
    asks_price = PRICE_QUESTION in text
    mail = Mail(t, life.capture_time(t), True, writer(life, t), subject, text, thread, _others_join(life, t))
    life.mails.append(mail)
    life.signal(t)
    if not life.is_open:
        moves.think_of_reopening(life, t)
        return
    _react(life, t, subject, thread, asks_price)


def _react(life: Life, t: float, subject: str, thread: int, asks_price: bool) -> None:
    talk, seller = life.rates.talk, life.rates.seller
    if asks_price and life.quotes and life.chance(0.45 * min(1.5, life.rep.versions)):
        life.later(business(t + life.spread(1.5, 0.5), life.rng), moves.send_version, 0.06)
    if life.chance(talk.advances_reply[life.state]):
        moves.advance(life, t)
    if life.chance(life.manner(t, talk.asks_meeting)):
        meetings.book_meeting(life, t)
    if life.chance(seller.answer_again_share):
        lag = life.spread(life.rep.reply_hours / 24, 0.7)
        life.later(business(t + lag, life.rng), answer, (subject, thread))


def answer(life: Life, t: float, what: tuple[str, int]) -> None:
    """The rep answers a buyer's email."""
    if life.is_open:
        subject = what[0] if what[0].startswith("Re: ") else f"Re: {what[0]}"
        write(life, t, subject, what[1], weight=0.55)


def _text(life: Life, t: float) -> str:
    lines = [life.rng.choice(PHRASES)]
    mean = life.manner(t, life.rates.talk.questions)
    count = min(6, int(life.rng.expovariate(1 / mean) + 0.5))
    lines += [life.rng.choice(QUESTIONS) for _ in range(count)]
    pressing = life.buyer.contested and life.stage >= PROPOSAL and life.state in (ENGAGED, UNDECIDED)
    if pressing and life.chance(life.rates.talk.price_question_share):
        lines.append(PRICE_QUESTION)
    return "\n".join(lines)


def tell(life: Life, t: float, turn: int) -> None:
    """The buyer says what has happened, if it still holds."""
    if turn != life.turn:
        return
    if life.state == WAITING:
        life.wait_until = t + 45
        _tell(
            life, t, f"We are still waiting for our {life.rng.choice(OTHERS)}.", "Waiting for others", t + 30
        )
    elif life.state == FROZEN:
        when = date_text(int(life.thaw))
        life.wait_until = life.thaw + 21
        _tell(life, t, f"Our budget is frozen until {when}.", f"Budget frozen until {when}", life.thaw)
    else:
        _refuse(life, t)


def _tell(life: Life, t: float, said: str, step: str, due: float) -> None:
    receive_mail(life, t, "Where we stand", life.new_thread(), said)
    if life.is_open and life.chance(life.rep.log_share * 0.8):
        life.later(t + life.rng.uniform(0.05, 3), moves.note_wait, (step, int(due)))


def _refuse(life: Life, t: float) -> None:
    chose = "We have decided for another supplier." if life.state != 4 else "We will stay with what we have."
    receive_mail(life, t, "Our decision", life.new_thread(), chose)
    if life.is_open and life.chance(0.8):
        life.later(business(t + life.spread(4, 0.9), life.rng), moves.lose)


def call(life: Life, t: float) -> None:
    """The rep phones."""
    if life.chance(life.manner(t, life.rates.talk.answer_share)):
        minutes = life.spread(8, 0.6)
        life.calls.append(_call(life, t, False, "Connected", int(minutes * 60)))
        life.signal(t)
        if life.chance(life.rates.talk.advances_reply[life.state] * 1.5):
            moves.advance(life, t + minutes * MINUTE)
        if life.chance(life.rates.talk.asks_meeting[life.state] * 0.7):
            meetings.book_meeting(life, t + minutes * MINUTE)
        return
    life.unanswered += 1
    life.press(t, min(0.7, 0.2 * life.unanswered))
    missed = "No Answer" if life.chance(0.55) else "Left Voicemail"
    life.calls.append(_call(life, t, False, missed, life.rng.randrange(8, 50)))


def _call(life: Life, t: float, inbound: bool, disposition: str, seconds: int) -> PhoneCall:
    logged = life.log_time(t + seconds / 86400)
    return PhoneCall(t, logged, inbound, writer(life, t), disposition, seconds)


def phone_in(life: Life, t: float, _: Any) -> None:
    """The buyer phones."""
    if life.is_open and life.chance(life.rates.talk.initiative[life.state] / life.rates.talk.initiative[0]):
        life.calls.append(_call(life, t, True, "Connected", int(life.spread(400, 0.6))))
        life.signal(t)
        if life.chance(life.rates.talk.asks_meeting[life.state]):
            meetings.book_meeting(life, t)
