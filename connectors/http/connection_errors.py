"""What went wrong with a connection, in words that hold no address, no proxy and no password."""

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connectors.http.deadline import MAX_SECONDS, DeadlineExceeded


def causes_of(problem: BaseException) -> list[BaseException]:
    """The exception and all that it wraps: requests and urllib3 keep the cause in args or `reason`."""
    result: list[BaseException] = []
    ahead: list[object] = [problem]
    while ahead:
        cause = ahead.pop()
        if isinstance(cause, BaseException) and not any(cause is seen for seen in result):
            result.append(cause)
            ahead += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
    return result


def describe(
    problem: requests.RequestException,
    causes: list[BaseException],
    connect_timeout: float,
    read_timeout: float,
) -> str:
    """What went wrong, in our own words: the library's text names URLs and proxies, passwords included."""
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return "the host name is not known"
    if any(isinstance(cause, DeadlineExceeded) for cause in causes):
        return f"the answer took more than {MAX_SECONDS:g} s"
    if isinstance(problem, requests.exceptions.ProxyError):
        return "the proxy cannot be reached or refuses"
    if isinstance(problem, requests.exceptions.SSLError):
        return "no secure connection"
    if isinstance(problem, requests.ConnectTimeout):
        return f"no connection within {connect_timeout:g} s"
    if isinstance(problem, requests.Timeout):
        return f"no answer within {read_timeout:g} s"
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return "no connection (refused or unreachable)"
    return "the connection broke before the answer was in"
