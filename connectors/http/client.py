"""What every client of a tracker behind HTTP has: its settings and memory, one transport, its sessions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from datetime import datetime

from connectors.connector_state import ConnectorState
from connectors.http import allowance, write_rate
from connectors.http.quota import QuotaBudget
from connectors.http.response import HttpResponse
from connectors.http.retry_policy import Explain, RateLimit, RetryPolicy
from connectors.http.session import HttpSession, SessionPool
from connectors.http.settings import HttpSettings
from connectors.http.transport import Transport
from connectors.http.write_rate import WriteRate, WriteRates


class HttpClient(ABC):
    """One run's requests to one tracker, from any thread. Opening it sends nothing.

    What is used of the quota and of the rates of writes is counted on from run to run. `clock` gives our
    time in UTC, `notify` takes one line for a person, `sleep` replaces the wait between tries, in seconds.
    """

    def __init__(
        self,
        name: str,
        settings: HttpSettings,
        memory: ConnectorState,
        clock: Callable[[], datetime],
        notify: Callable[[str], None],
        *,
        write_rates: Collection[WriteRate],
        rate_limit: RateLimit,
        pace: RateLimit | None = None,
        explain: Explain | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.name = name
        self.memory = memory
        self.clock = clock
        self.notify = notify
        self.policy = RetryPolicy.of(settings)
        self.transport = Transport(
            name,
            self.policy,
            clock=lambda: clock().timestamp(),
            sleep=sleep,
            notify=notify,
            rate_limit=rate_limit,
            explain=explain,
            pace=pace,
            budget=QuotaBudget(settings.api_share, allowance.kept(memory)),
            rates=WriteRates(
                write_rates if settings.write_spacing else (),
                settings.write_spacing,
                write_rate.kept(memory),
            ),
            secrets=settings.secrets(),
        )
        self.sessions = SessionPool(self.open_session)

    @abstractmethod
    def open_session(self) -> HttpSession:
        """A new session with the tracker; sends nothing. Raises BadConfiguration for what it cannot use."""

    def send_write(
        self,
        request: str,
        send: Callable[[], HttpResponse],
        *,
        repeatable: bool,
        accept: Collection[int] = (),
        explain: Explain | None = None,
        subject: str = "",
    ) -> HttpResponse:
        """See `Transport.write`. Remembers the write at once: a process that is killed must not forget it."""
        try:
            return self.transport.write(
                request, send, repeatable=repeatable, accept=accept, explain=explain, subject=subject
            )
        finally:
            write_rate.keep(self.memory, self.transport.rates.text(self.clock().timestamp()))

    def close(self) -> None:
        """Close the connections, and remember how much of the API quota is used."""
        self.sessions.close()
        allowance.keep(self.memory, self.transport.budget.allowances())
