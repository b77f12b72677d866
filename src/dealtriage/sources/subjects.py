"""What a subject line tells where a CRM has no field for it, as SQL conditions; an empty subject tells nothing."""


def is_auto_reply(subject: str) -> str:
    """SQL: a machine answered the mail."""
    return f"coalesce(regexp_matches({subject}, '^(auto(matic)?[ -]?(reply|response)|auto:|out of (the )?office|abwesenheit)', 'i'), false)"


def is_no_show(subject: str) -> str:
    """SQL: the buyer did not come to the meeting."""
    return f"coalesce(regexp_matches({subject}, '^no[ -]?show', 'i'), false)"


def is_called_off(subject: str) -> str:
    """SQL: the meeting was cancelled or moved."""
    return f"coalesce(regexp_matches({subject}, '^(cancel|reschedul|postpone)', 'i'), false)"
