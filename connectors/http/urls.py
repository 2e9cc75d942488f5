"""Checks the base URLs of trackers: https, or plain http to this machine only."""

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

SANDBOX = "sandbox:"
"""What a configuration writes for the tracker built into milepost; replaced by its address before use."""


def base_url(text: str) -> str:
    """A tracker's base URL in its one spelling: lower-case host, path prefix kept, no slash at the end.

    Raises ValueError, saying what to write instead, for anything but https (plain http is for loopback
    only: a token must not travel in the clear), a user or password, a query, a fragment or a blank.
    The text of the error never repeats the URL, which may hold a password. `sandbox:` stays as it is.
    """
    text = text.strip()
    if text == SANDBOX:
        return text
    if any(not character.isprintable() or character.isspace() for character in text):
        raise ValueError("a URL holds no blanks or control characters")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("this is no URL; expected https://host or https://host/path") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("expected a whole URL such as https://host or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("no user name or password in the URL; set them as the tracker's EMAIL and TOKEN")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("the URL goes no further than the path: leave out what follows `?` or `#`")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http would show the token to everyone on the way; use https")
    if any(step in (".", "..") for step in parts.path.split("/")):
        raise ValueError("the path of the URL must not hold `.` or `..`")
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    place = name if port in (None, usual) else f"{name}:{port}"
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def site_of(url: str) -> str:
    """`host:port/path` of a base URL, in one spelling for all that lead to one place.

    The scheme is left out, with the port that is usual for it; names of this machine are one. No request is
    made, so that two names of one server stay two.
    """
    parts = urlsplit(base_url(url))
    host = (parts.hostname or "").rstrip(".")
    with suppress(UnicodeError):
        host = host.encode("idna").decode()
    place = "localhost" if is_loopback(host) else host
    port = "" if parts.port is None else f":{parts.port}"
    path = "/".join(step for step in unquote(parts.path).split("/") if step)
    return f"{place}{port}/{path}".rstrip("/").casefold()


def path_segment(text: str) -> str:
    """An id, a key or a name as one segment of a path."""
    return quote(text, safe="")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
