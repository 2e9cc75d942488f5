"""How patient the connectors are, whatever the tracker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the connectors are. All times in seconds."""

    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    """The longest silence in an answer."""
    attempts: int = 4
    """Of a request that may be repeated: the first try and its retries."""
    max_wait: float = 300.0
    """The longest single wait that a tracker may ask for; asked for more, the request is given up."""
    write_spacing: float = 0.0
    """The least time from one write to the next."""
    backoff: float = 1.0
    """The first wait where the tracker asks for none; it doubles with every try, up to 30 s."""

    @property
    def timeout(self) -> tuple[float, float]:
        """What `requests` takes as its time-out: connect, read."""
        return (self.connect_timeout, self.read_timeout)
