"""The doors through which the company can be read: one per CRM, all with the same few verbs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from .accounts import Account
from .life import Life
from .story import World


class Door(ABC):
    """Writes the company in one CRM's own export form, each deal as it comes."""

    def __init__(self, files: AbstractContextManager[Any], world: World) -> None:
        self._files = files
        self.world = world

    def __enter__(self) -> Self:
        self._files.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, trace)

    @abstractmethod
    def put_fixed(self) -> None:
        """Write what does not hang on a deal: people, stages, currencies."""

    @abstractmethod
    def put_account(self, account: Account, bounced: bool) -> None:
        """Write a buying firm and its people; `bounced` when its champion's address is closed."""

    @abstractmethod
    def put_life(self, life: Life) -> None:
        """Write a deal and all that hangs on it, as far as it was entered before the export."""

    @abstractmethod
    def deal_id(self, number: int) -> str:
        """The id of a deal in this CRM."""
