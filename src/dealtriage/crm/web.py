"""Requests that wait their turn. The only place where the packages of dealtriage[push] are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from dealtriage.errors import BadInput

if TYPE_CHECKING:
    import requests

ATTEMPTS = 6
LONGEST_WAIT = 120.0
TIMEOUT = 60
T = TypeVar("T")
Sleep = Callable[[float], None]


class Busy(Exception):
    """The CRM asks to come again. seconds: when, if it said so."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class Refused(Exception):
    """The CRM refused a whole request because of what is in it; the text begins with the error's code."""


def package(name: str) -> Any:
    """A package of dealtriage[push]. Raises BadInput where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise BadInput(f"Pushing needs the package {name.partition('.')[0].replace('_', '-')}.", "Install it: pip install 'dealtriage[push]'.") from error


def new_session() -> requests.Session:
    """A session of requests, to be closed by who asked for it."""
    session: requests.Session = package("requests").Session()
    return session


def patiently(work: Callable[[], T], sleep: Sleep) -> T:
    """Do the work; where the CRM is busy or does not answer, wait and do it again, at most ATTEMPTS times.

    Waits as long as the CRM asks for, else 2, 4, 8, ... seconds. Raises BadInput when it stays busy or asks for more than LONGEST_WAIT seconds.
    """
    tenacity, errors = package("tenacity"), package("requests").exceptions
    busy = (Busy, errors.ConnectionError, errors.Timeout)

    def wait(state: Any) -> float:
        asked = getattr(state.outcome.exception(), "seconds", None)
        return float(2 ** state.attempt_number if asked is None else asked)

    def is_worth_waiting(error: BaseException) -> bool:
        return isinstance(error, busy) and (getattr(error, "seconds", None) or 0) <= LONGEST_WAIT

    try:
        return tenacity.Retrying(stop=tenacity.stop_after_attempt(ATTEMPTS), wait=wait, retry=tenacity.retry_if_exception(is_worth_waiting), sleep=sleep, reraise=True)(work)
    except busy as error:
        _give_up(error)
    except errors.RequestException as error:
        raise BadInput(f"The CRM did not answer as it should ({type(error).__name__}).", "Check the network and, for Salesforce, SF_INSTANCE_URL.") from error


def seconds_of(header: str | None) -> float | None:
    """Retry-After in seconds; None where it is absent or a date."""
    return float(header) if header and header.strip().isdigit() else None


def needed(environment: dict[str, str], names: Iterable[str]) -> list[str]:
    """The values of environment variables. Raises BadInput that names those that are not set."""
    if missing := [name for name in names if not environment.get(name)]:
        raise BadInput(f"Not set: {', '.join(missing)}.", "Set it in the environment; docs/into-the-crm.md says which are needed. Credentials are read from nowhere else.")
    return [environment[name] for name in names]


def _give_up(error: Exception) -> NoReturn:
    said = str(error) if isinstance(error, Busy) else type(error).__name__
    later = f" It opens again in {error.seconds:.0f} seconds." if isinstance(error, Busy) and error.seconds else ""
    raise BadInput(f"The CRM does not take more at the moment: {said}.{later}", "Call dealtriage push again later; it sends only what has not gone in.") from error
