"""The error of wheels that cannot be resolved: what the index has, and what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from torchard.catalog.packages import load_package_facts
from torchard.lock import index
from torchard.lock.diagnose import (
    Evidence,
    diagnose,
    find_missing,
    find_suspects,
    loosen,
)
from torchard.lock.index_page import ACCEPT, IndexFile, read_index_page
from torchard.lock.lockfile import LockError
from torchard.lock.question import has_name
from torchard.lock.unsolved import UnsolvableError, quote
from torchard.lock.wheel_fit import WheelPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from torchard.lock.index import WheelQuery
    from torchard.lock.question import Question

_UNREAD = re.compile(r"Failed to (?:fetch|read) |\AThe settings of (?:uv|pip) ")


def explain_failure(
    text: str,
    question: Question,
    query: WheelQuery,
    find_conda: Callable[[Iterable[str]], Mapping[str, str]],
) -> LockError:
    """Return the error for uv's words about a query.

    The index pages of the packages that it names are read, and the channels are asked whether they
    have those packages.
    """
    if "No solution found" not in text:
        # Only a failure needs the HTTP client's module.
        from torchard.depot.connection import explain_connection  # noqa: PLC0415

        unreachable = explain_connection(text)
        lines = "".join(f"\n    {line}" for line in text.splitlines())
        if unreachable is not None or _UNREAD.search(text):
            return LockError(
                f"The wheel index of {question} could not be read"
                f"{f', because {unreachable.what}' if unreachable else ''}:{lines}",
                unreachable.instead
                if unreachable
                else "Check the network, the index that uv or pip is configured with,"
                f" {'`indexes:` ' if question.indexes else ''}and `mirrors.wheels`.",
            )
    owned = [name for name in query.installed if has_name(text, name)]
    # A lock that is solved again with its own versions asks for what nobody wrote, and so does a
    # question after some releases were found not to load.
    is_new = question.pins is None and not question.misfits
    cause = diagnose(text, question, _gather(text, question, query, find_conda)) if is_new else None
    environment, classes = question.environment.name, (question.mac_class,)
    if cause is not None and cause.about not in owned:
        return UnsolvableError(
            question.locate("pip", cause.about), environment, classes, cause.text, cause.instead
        )
    instead = loosen(text, question)
    if owned:
        instead = (
            f"{', '.join(owned)} {'comes' if len(owned) == 1 else 'come'} from conda in this"
            " version: loosen what `pip:` asks of it, or change `conda:`."
        )
    cause_text = f"no set of wheels satisfies it:{quote(text)}"
    return UnsolvableError(question.locate("pip", text), environment, classes, cause_text, instead)


def list_without_arch(
    names: Iterable[str], question: Question, query: WheelQuery
) -> tuple[str, ...]:
    """Return the packages that have wheels, but none for the arch of a question's Macs."""
    try:
        default = query.index or index.find_default_index()
    except index.WheelIndexError:
        return ()
    pages = {
        name: WheelPage(
            _read_page(query.elsewhere.get(name, default), name), question.mac_class, query.python
        )
        for name in names
    }
    return tuple(
        name for name, page in pages.items() if page.has_any_wheel and not page.has_any_for_arch
    )


def _gather(
    text: str,
    question: Question,
    query: WheelQuery,
    find_conda: Callable[[Iterable[str]], Mapping[str, str]],
) -> Evidence:
    """Return what the index and the channels have of the packages that uv names."""
    missing = find_missing(text)
    suspects = [one for one in find_suspects(text, question) if one not in missing]
    facts = load_package_facts()
    near: dict[str, list[str]] = {}
    pages: dict[str, tuple[IndexFile, ...]] = {}
    try:
        default = query.index or index.find_default_index()
    except index.WheelIndexError:
        default = ""
    for name in missing:
        near[name] = [one for one in facts.near_wheels(name) if _read_page(default, one)]
    for name in suspects:
        files = _read_page(query.elsewhere.get(name, default), name)
        if files:
            pages[name] = files
    names = dict.fromkeys(facts.name_conda(one) for one in (*missing, *suspects))
    return Evidence(query.python, pages, near, find_conda(names))


def _read_page(place: str, name: str) -> tuple[IndexFile, ...]:
    """Return the files of a project; nothing if its page cannot be read: it only explains."""
    if not place:
        return ()
    # Only a failure needs the HTTP client.
    from torchard.depot.download import BrokenOffError, DownloadError, fetch_page  # noqa: PLC0415

    url = place if index.is_flat(place) else f"{place.rstrip('/')}/{name}/"
    if not index.is_flat(place) and url.startswith("file:"):
        url += "index.html"
    try:
        page = fetch_page(url, ACCEPT)
        files = read_index_page(page.content, page.media_type, url)
        return tuple(one for one in files if _is_of(one.name, name))
    except (DownloadError, BrokenOffError, ValueError):
        return ()


def _is_of(file: str, project: str) -> bool:
    """Tell whether a file is of a project. Old source distributions have hyphens in their names."""
    name = file.split("-", maxsplit=1)[0] if file.endswith(".whl") else file.rpartition("-")[0]
    return canonicalize_name(name) == project
