"""conda's settings files as the probe reads them: a few keys, in every form, and no secret."""

from __future__ import annotations

import pytest
from probed import answer, read

from torchard.mac.state import CondaSetting

SECRET = "hunter2-secret"  # noqa: S105  # and no real one
TEXT = f"""\
# an administrator's
proxy_servers:
  https: http://ann:{SECRET}@proxy:3128
channels: #!final
  - https://ann:{SECRET}@repo.anaconda.com/pkgs/main
  - conda-forge
allowlist_channels: [conda-forge, "https://x.example/t/{SECRET}/x",
  'https://x.example/y' ] # two lines
override_channels_enabled: False   # no
"denylist_channels" :
- defaults
- "conda-forge"  # no
- https://ann:{SECRET}@x.example/z
disallowed_packages: ["openssl >=1,<2", node*]
auto_update_conda: False #!final
ssl_verify: /etc/{SECRET}.pem
"""


def test_keys_are_read_in_every_form_and_no_secret_leaves_the_mac(root):
    """Lists in brackets, on several lines or below; quotes, comments and marks."""
    file = root / "etc/conda/.condarc"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT, encoding="utf-8")
    path = "/etc/conda/.condarc"
    state = read(root)
    assert set(state.conda_settings) == {
        CondaSetting(path, "channels", ("anaconda",), final=True),
        CondaSetting(path, "allowlist_channels", ("conda-forge", "?", "https://x.example/y")),
        CondaSetting(path, "override_channels_enabled", ("False",)),
        CondaSetting(path, "denylist_channels", ("defaults", "conda-forge", "?")),
        CondaSetting(path, "disallowed_packages", ("openssl >=1,<2", "node*")),
        CondaSetting(path, "auto_update_conda", final=True),
    }
    assert SECRET.encode() not in answer(root, "/bin/sh")


def test_the_files_are_those_of_condas_search_path(root):
    """The system's, the base's and the account's; names as people may give them."""
    home = root / "home"
    places = {
        root / "etc/conda/.condarc": "/etc/conda/.condarc",
        root / "etc/conda/condarc.d/ä b.yml": "/etc/conda/condarc.d/ä b.yml",
        root / "etc/conda/condarc.d/x.yaml": "/etc/conda/condarc.d/x.yaml",
        root / "var/lib/conda/condarc": "/var/lib/conda/condarc",
        home / "miniconda3/.condarc": "/home/miniconda3/.condarc",
        home / ".config/conda/condarc": "/home/.config/conda/condarc",
        home / ".conda/condarc.d/x.yml": "/home/.conda/condarc.d/x.yml",
        home / ".condarc": "/home/.condarc",
    }
    strange = [root / "etc/conda/condarc.d/x.txt", home / "condarc"]
    for path in (*places, *strange):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("allowlist_channels: [x]\n", encoding="utf-8")
    assert {one.file for one in read(root).conda_settings} == set(places.values())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"allowlist_channels:\n",
        b"allowlist_channels: []\n",
        b"allowlist_channels: &x\n  - *y\n"[:23],
        b"  allowlist_channels: [x]\n",
        b"\xff\x00\xfe binary: [\n- x\n",
        b"#" * 70_000 + b"\nallowlist_channels: [x]\n",
        b"\n" * 3000 + b"allowlist_channels: [x]\n",
        b"{allowlist_channels: [x]}\n",
    ],
)
def test_what_says_nothing_and_what_is_too_long_is_passed_over(root, content):
    """Conda itself has the last word on a file that this reading does not understand."""
    (root / "home/.condarc").write_bytes(content)
    assert read(root).conda_settings == ()


def test_a_long_list_is_bounded(root):
    """A hundred values of a file are enough."""
    text = "disallow:\n" + "".join(f"  - p{number}\n" for number in range(1500))
    (root / "home/.condarc").write_text(text, encoding="utf-8")
    (setting,) = read(root).conda_settings
    assert len(setting.values) == 100
