"""A Mac that sleeps is tried again for as long as the lab says, and no other."""

from __future__ import annotations

import errno
from itertools import count
from socket import gaierror

import pytest
from paramiko import AuthenticationException
from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api.exceptions import ConnectError

from torchard.remote.wake import PAUSE, connect_once_awake, is_without_answer

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
NO_ROUTE = OSError(errno.EHOSTUNREACH, "no route")


def wrapped(error):
    """Return what pyinfra raises for an error."""
    made = ConnectError("failed")
    made.__context__ = error
    return made


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        NO_ROUTE,
        OSError(errno.EHOSTDOWN, "host is down"),
        gaierror(8, "nodename nor servname provided"),
        NoValidConnectionsError({("192.0.2.1", 22): NO_ROUTE}),
    ],
)
def test_a_mac_from_which_nothing_comes_may_be_asleep(error):
    """Whether paramiko or pyinfra reports it."""
    assert is_without_answer(error)
    assert is_without_answer(wrapped(error))


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        AuthenticationException("denied"),
        NoValidConnectionsError({("::1", 22): NO_ROUTE, ("127.0.0.1", 22): REFUSED}),
        EOFError(),
    ],
)
def test_a_mac_that_answers_is_awake(error):
    """A failed login is never repeated: sshd would penalise it."""
    assert not is_without_answer(error)
    assert not is_without_answer(wrapped(error))


def attempts(errors, seconds, elapsed=0):
    """Return how often a connection is tried, and the pauses; each attempt takes `elapsed`."""
    tried, pauses, times = [], [], count(0, elapsed)

    def connect():
        tried.append(1)
        if errors:
            raise errors.pop(0)

    said = []
    try:
        connect_once_awake(
            connect, seconds, said.append, clock=lambda: next(times), pause=pauses.append
        )
    except OSError as error:
        return len(tried), pauses, error
    return len(tried), pauses, said


def test_it_is_tried_again_until_it_answers():
    """With a pause before each attempt, and a word about it."""
    tried, pauses, said = attempts([TimeoutError(), NO_ROUTE], 60)
    assert (tried, pauses) == (3, [PAUSE, PAUSE])
    assert said == ["waiting for it to wake up"] * 2


def test_the_time_of_the_lab_ends_the_attempts():
    """With the last error; without a time there is one attempt."""
    assert attempts([TimeoutError("first")] * 9, 60, elapsed=31)[0] == 2
    tried, pauses, error = attempts([TimeoutError("first")] * 9, 0)
    assert (tried, pauses, str(error)) == (1, [], "first")


def test_a_refused_connection_ends_the_attempts():
    """The Mac is awake then."""
    assert attempts([TimeoutError(), REFUSED], 60) == (2, [PAUSE], REFUSED)
