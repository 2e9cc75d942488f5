"""What every tracker behind HTTP is configured with; imports neither a client library nor the network."""

from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, field_validator

from connectors import credentials
from connectors.interface import TrackerSettings

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0, le=3_600, allow_inf_nan=False)]


class HttpSettings(TrackerSettings):
    """The token, time-outs, retries and limits: all times in seconds. Each connector adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr | None = None
    ca_file: Path | None = None
    """Certificates to trust instead of the usual ones, in PEM format."""
    connect_timeout: Seconds = 10.0
    read_timeout: Seconds = 30.0
    """The longest silence in an answer."""
    attempts: int = Field(default=4, ge=1, le=20)
    """Of a request that may be repeated: the first try and its retries."""
    max_wait: Pause = 300.0
    """The longest single wait that the tracker may ask for."""
    write_spacing: Pause = 1.0
    """The least time from one write to the next; with 0, for a server without limits, its rates of writes
    are not kept either."""
    backoff: Pause = 1.0
    """The first wait before a retry where the tracker asks for none."""
    workers: int = Field(default=4, ge=1, le=16)
    """Requests at once where a pull is long; each rate limit that is met halves them for the rest of it."""
    api_share: float = Field(default=0.5, gt=0, le=1)
    """The share of the API quota that milepost may use, where the tracker tells its quota."""

    @field_validator("token")
    @classmethod
    def _one_word(cls, token: SecretStr | None) -> SecretStr | None:
        """Without the line ends that files and shells leave; an empty one is none."""
        text = credentials.token(token.get_secret_value()) if token else ""
        return SecretStr(text) if text else None

    @property
    def verify(self) -> bool | str:
        """What `requests` takes as the certificates to trust."""
        return str(self.ca_file) if self.ca_file else True


def variable(name: str, secret: str) -> str:
    """The environment variable of a tracker's secret: `MILEPOST_TRACKERS__<NAME>__TOKEN`."""
    return f"MILEPOST_TRACKERS__{name.upper()}__{secret}"
