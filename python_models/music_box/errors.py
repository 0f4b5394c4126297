"""Errors whose cause is what a user gave: logs, settings, folders, keys."""

from types import TracebackType


class UserError(RuntimeError):
    """An error that a user can mend; its message says what was wrong, where, and what to do.

    dbt prints the traceback of an error in a Python model. A traceback would hide the message, and
    says nothing about the input, so that this error shows none.
    """

    __traceback__: TracebackType | None = None
