"""Characters that some servers cannot store."""

from connectors.sandbox.jira_wire.call import Refusal


def check_characters(text: object, *, bmp_only: bool) -> None:
    """Refuse with 500 what a database with 3-byte characters cannot store."""
    if bmp_only and any(ord(character) > 0xFFFF for character in str(text)):
        raise Refusal(500, "Internal server error")
