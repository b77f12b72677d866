"""What went wrong, how much of it, and what to do next."""


class BadInput(Exception):
    """The user's files or parameters cannot be used. Ends the program with exit code 2, without a traceback.

    `message` says what is wrong and where; `next_step` says what to do about it.
    """

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(f"{message}\n  What to do: {next_step}")
        self.message = message
        self.next_step = next_step
