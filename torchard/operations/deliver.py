"""Deliver packages to a Mac as its lab says: push them, or let the Mac fetch them itself.

A Mac that fetches gets a list of files and URLs, and a script that works on it under the run lock.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from pyinfra.api import FunctionCommand, StringCommand

from torchard.errors import TorchardError
from torchard.lock.web_addresses import format_requests
from torchard.operations import change_scripts
from torchard.operations.incoming import incoming_directory
from torchard.operations.lease import continue_run, renewed_lease
from torchard.operations.report import record_failure, report_progress
from torchard.operations.upload import list_missing, upload_content, upload_files
from torchard.remote.limits import limit_script, limit_step
from torchard.remote.quoting import for_any_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyinfra.api.host import Host
    from pyinfra.api.state import State

    from torchard.catalog.installers import Installer
    from torchard.lab.model import MacHost
    from torchard.lock.lockfile import CondaPackage, Lock, Wheel
    from torchard.mac.state import MacState
    from torchard.workspace.artefacts import Artefacts

A = TypeVar("A", "CondaPackage | Wheel", "Installer")
_REMEDIES = {
    "url": "run `torchard bundle` again, and copy its folder to that server",
    "pull": "check `mirrors` and the channel, or lock again: `torchard lock --upgrade`",
}


@dataclass(frozen=True)
class FileList:
    """What a Mac fetches: a list, the size of the largest file in bytes, and a remedy."""

    content: bytes
    largest: int
    remedy: str

    @property
    def sha256(self) -> str:
        """The sha256 of the list."""
        return hashlib.sha256(self.content).hexdigest()


def deliver_files(  # noqa: PLR0917  # as upload_files
    mac: MacHost,
    mac_state: MacState,
    store: Artefacts,
    artefacts: Sequence[A],
    lock: Lock | None = None,
    text: bytes | None = None,
    text_path: str = "",
) -> FunctionCommand:
    """Return the command that brings a Mac those artefacts that it lacks.

    `store` fetches them, or knows where a Mac fetches them. `lock` is theirs, None for an
    installer. `text` is the content of one more file, which is pushed in any case. The Mac verifies
    all before use.
    """
    if mac.delivery.way == "push":
        return upload_files(mac, mac_state, store, artefacts, lock, text, text_path)
    return FunctionCommand(
        _let_fetch, (mac, mac_state, store, artefacts, lock, text, text_path), {}
    )


def _let_fetch(  # noqa: PLR0917  # pyinfra passes them by position
    state: State,
    host: Host,
    mac: MacHost,
    mac_state: MacState,
    store: Artefacts,
    artefacts: Sequence[A],
    lock: Lock | None,
    text: bytes | None,
    text_path: str,
) -> bool:
    missing = list_missing(mac_state, artefacts)
    if missing:
        find_url = partial(store.find_url, lock=lock, mac=mac)
        if not _fetch_there(state, host, mac, mac_state, missing, find_url):
            return False
    return text is None or upload_content(state, host, mac, mac_state, text, text_path)


def _fetch_there(  # noqa: PLR0917  # as _let_fetch
    state: State,
    host: Host,
    mac: MacHost,
    mac_state: MacState,
    missing: Sequence[A],
    find_url: Callable[[A], str],
) -> bool:
    """Let a Mac fetch files and verify them; return whether it has all of them."""
    try:
        with renewed_lease(host, mac):
            found = [(one, find_url(one)) for one in missing]
    except TorchardError as error:
        return record_failure(state, host, str(error))
    files = FileList(*format_requests(found), _REMEDIES[mac.delivery.way])
    path = f"{incoming_directory(mac_state)}/{files.sha256}"
    if not upload_content(state, host, mac, mac_state, files.content, path):
        return False
    hosts = dict.fromkeys(urlsplit(url).netloc for _, url in found)
    report_progress(host, f"fetching {len(missing)} files from {', '.join(hosts)}")
    script = change_scripts.fetch_files(files, continue_run(host, mac))
    limited = StringCommand(for_any_shell(limit_script(mac, script)))
    done, output = host.run_shell_command(limited, _timeout=limit_step(mac))
    return True if done else record_failure(state, host, output.stderr.strip())
