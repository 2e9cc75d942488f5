"""One HTTP exchange after another over a client library's session, at less cost than its own `request`."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from connectors.errors import BadConfiguration
from connectors.http.deadline import DeadlineAdapter
from connectors.http.response import HttpResponse, read_answer
from connectors.http.urls import is_loopback

_CERTIFICATES = "Let ca_file, or REQUESTS_CA_BUNDLE in the environment, name certificates in PEM format"


class HttpSession:
    """Sends requests to one server over one session; for one thread at a time.

    What the environment says of proxies and certificates (`HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE`
    and their like) is read once, when it is made: `requests` reads it with every request, which costs more
    than all the rest of one. Redirects are never followed, `.netrc` is never read, and cookies and the
    authentication are the session's.
    """

    def __init__(
        self, session: requests.Session, url: str, timeout: tuple[float, float], verify: bool | str
    ) -> None:
        """`url` is the server's address, `timeout` in seconds for connecting and for silence."""
        self._session = session
        session.mount(url, DeadlineAdapter())
        around = session.merge_environment_settings(url, {}, True, verify, None)
        if is_loopback(urlsplit(url).hostname or ""):
            around["proxies"] = {}
        self._send = partial(
            session.get_adapter(url).send,
            stream=True,
            timeout=timeout,
            verify=True if around["verify"] is None else around["verify"],
            cert=around["cert"],
            proxies=around["proxies"],
        )
        self._headers = {name: str(value) for name, value in session.headers.items()}

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        params: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """The answer, read to its end; `body` is text, bytes or None.

        Raises what `requests` and `read_answer` raise, and BadConfiguration for certificates that cannot be
        read; a file that is named wrongly never means that nothing is checked.
        """
        request = requests.PreparedRequest()
        request.method = method
        request.headers = CaseInsensitiveDict({**self._headers, **headers})
        request.hooks = requests.hooks.default_hooks()
        request.prepare_url(url, params or {})
        request.prepare_body(body, None)
        if len(self._session.cookies):
            request.prepare_cookies(self._session.cookies)
        if self._session.auth is not None:
            request.prepare_auth(self._session.auth, request.url or "")
        try:
            response = self._send(request)
        except requests.RequestException:
            raise
        except OSError as problem:  # requests looks for certificates first, and says so in a plain one
            raise BadConfiguration("", "", f"no certificates to trust: {problem}", _CERTIFICATES) from problem
        if response.cookies:
            self._session.cookies.update(response.cookies)
        return read_answer(response)
