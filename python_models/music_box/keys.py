"""Secret keys from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from music_box.errors import UserError

SHORTEST_KEY = 32


def secret_key(
    environment: Mapping[str, str], variable: str, why: str, error: type[UserError]
) -> bytes:
    """Read a secret key; blanks and line ends around it, which files bring along, do not count.

    Parameters
    ----------
    environment
        Environment variables.
    variable
        Name of the variable that holds the key.
    why
        Why a key is needed, the beginning of the message.
    error
        What is raised.

    Raises
    ------
    UserError
        If there is no key, or one of fewer than 32 characters, which could be guessed.
    """
    key = environment.get(variable, "").strip()
    if len(key) >= SHORTEST_KEY:
        return key.encode(errors="surrogateescape")
    found = f"has only {len(key)} characters" if key else "is not set"
    raise error(
        f"{why}, but the environment variable {variable} {found}: set it to a secret of at least"
        f" {SHORTEST_KEY} characters and keep it. To make one:"
        ' python3 -c "import secrets; print(secrets.token_hex(32))"'
    )
