"""A refusal gives its reason and changes to the request that get a release."""

from __future__ import annotations

import pytest
from choosing import ARM, INTEL, refusal


@pytest.mark.parametrize(
    ("mac", "asked", "reason", "instead"),
    [
        pytest.param(
            (ARM, "13", "3.14"),
            {},
            ["No release of PyTorch has both MPS for macOS 13 and wheels for python 3.14."],
            ['`python: "3.13"` (torch 2.8.0)', "`backend: cpu` (torch 2.11.0)", "macOS 14"],
            id="auto wants MPS where no release for this python has it",
        ),
        pytest.param(
            (ARM, "11", "3.12"),
            {"backend": "mps"},
            ["MPS needs macOS 12.3 or newer, and this Mac has macOS 11."],
            ["`backend: cpu` (torch 2.11.0)", "update the Mac to macOS 12.3 (torch 2.4.1)."],
            id="MPS below its first macOS",
        ),
        pytest.param(
            (ARM, "11", "3.15"),
            {"backend": "mps"},
            ["MPS needs macOS 12.3", "No release of PyTorch has a wheel for macOS 11"],
            ['Write `backend: cpu` and `python: "3.14"` (torch 2.9.1);', "to macOS 15"],
            id="no single change is enough",
        ),
        pytest.param(
            (ARM, "11", "3.15"),
            {"backend": "mps", "release": "2.99"},
            ["The catalogue has no PyTorch 2.99, only 1.12.1 to 2.15.0."],
            ['Write `release: stable` and `backend: cpu` and `python: "3.14"` (torch 2.9.1).'],
            id="nothing of the asked can stay",
        ),
        pytest.param(
            (INTEL, "12", "3.12"),
            {"backend": "mps"},
            ["PyTorch's MPS is not for Intel Macs."],
            ["Write `backend: cpu` (torch 2.2.2)."],
            id="MPS on Intel",
        ),
        pytest.param(
            (INTEL, "12", "3.10"),
            {"backend": "mps", "release": "2.2.2"},
            ["PyTorch 2.2.2 does not fit", "its MPS is not for Intel Macs."],
            ["Write `backend: cpu`."],
            id="MPS of an exact release on Intel",
        ),
        pytest.param(
            (INTEL, "14", "3.13"),
            {},
            ["wheel for python 3.13 on Intel Macs, only for 3.7 to 3.12."],
            ['Write `python: "3.12"` (torch 2.2.2), or `source: conda-forge` (torch 2.10.0).'],
            id="python too new for Intel",
        ),
        pytest.param(
            (ARM, "14", "3.6"),
            {},
            ["No release of PyTorch has a wheel for python 3.6 on Apple silicon Macs"],
            ['`python: "3.8"`'],
            id="python too old",
        ),
        pytest.param(
            (INTEL, "14", "3.12"),
            {"release": "2.5.1"},
            ["PyTorch 2.5.1 does not fit", "no wheel for Intel Macs."],
            ['Write `release: "2.2.2"`, or `source: conda-forge`.'],
            id="release without wheels for Intel",
        ),
        pytest.param(
            (ARM, "15", "3.7"),
            {"backend": "cpu"},
            ["No release of torchvision or torchaudio has a wheel for macOS 15 and python 3.7"],
            ['`python: "3.8"` (torch 2.4.1)', "`with: []` (torch 1.13.1)"],
            id="companions without a wheel",
        ),
        pytest.param(
            (ARM, "11", "3.14"),
            {"release": "2.11.0"},
            ["its torchvision 0.26.0 needs macOS 12, and its torchaudio 2.11.0 needs macOS 12."],
            ['`release: "2.9.1"`, or `python: "3.12"`, or `with: []`; or', "macOS 12."],
            id="both companions without a wheel",
        ),
        pytest.param(
            (ARM, "13", "3.15"),
            {"companions": ("torchvision",), "backend": "cpu"},
            ["No release of PyTorch has a wheel for macOS 13 and python 3.15."],
            ['`python: "3.14"` (torch 2.11.0)', "update the Mac to macOS 14 (torch 2.15.0)."],
            id="macOS too old for the python",
        ),
        pytest.param(
            (ARM, "14", "3.12"),
            {"release": "2.15.0"},
            ["PyTorch 2.15.0 does not fit macOS 14 and python 3.12: its MPS needs macOS 15."],
            ['`release: "2.14.1"`', "`backend: cpu`", "update the Mac to macOS 15."],
            id="exact release whose MPS needs more",
        ),
        pytest.param(
            (ARM, "15", "3.10"),
            {"release": "2.15.0"},
            ["it has no wheel for python 3.10, only for 3.11 to 3.15."],
            ['Write `release: "2.14.1"`, or `python: "3.11"`.'],
            id="exact release not for this python",
        ),
        pytest.param(
            (ARM, "15", "3.7"),
            {"release": "1.13.1"},
            ["its torchaudio 0.13.1 has no wheel for python 3.7, only for 3.8 to 3.10."],
            ['`python: "3.8"`', "`with: []`"],
            id="exact release whose companion has no wheel",
        ),
        pytest.param(
            (ARM, "12.3", "3.12"),
            {"release": "2.5"},
            ["PyTorch 2.5.1, the newest 2.5 release, does not fit", "its MPS needs macOS 13."],
            ['`release: "2.4.1"`', "`backend: cpu` (torch 2.5.1)"],
            id="series that does not fit",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "2.99"},
            ["The catalogue has no PyTorch 2.99, only 1.12.1 to 2.15.0."],
            ['Write `release: "2.15.0"`.'],
            id="series nobody knows",
        ),
        pytest.param(
            (ARM, "13", "3.12"),
            {"release": "2.11.0"},
            ["PyTorch 2.11.0 does not fit macOS 13 and python 3.12: its MPS needs macOS 14."],
            ["`backend: cpu`", "macOS 14."],
            id="the companions that fit best are named",
        ),
        pytest.param(
            (INTEL, "10.15", "3.10"),
            {"release": "1.12.1"},
            ["it needs macOS 11 (for what its libraries import)."],
            ['Write `release: "1.13.0"`; or update the Mac to macOS 11.'],
            id="exact release whose OpenMP has fixups of a newer macOS",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "2.1.0"},
            ["it has no wheel for python 3.12, only for 3.8 to 3.11."],
            ['Write `release: "2.2.2"`, or `python: "3.11"`.'],
            id="exact release with nothing older that fits",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "2.99.0"},
            ["The catalogue has no PyTorch 2.99.0, only 1.12.1 to 2.15.0."],
            ['Write `release: "2.15.0"`.'],
            id="release nobody knows",
        ),
        pytest.param(
            (ARM, "11.3", "3.10"),
            {"release": "1.13.1"},
            ["its torchaudio 0.13.1 needs macOS 12."],
            ['`release: "1.12.1"`', "`with: [torchvision]`", "update the Mac to macOS 12."],
            id="exact release whose companion needs more",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "newest"},
            ["'newest' is not a release of PyTorch."],
            ["Write `release: stable`, `release: nightly`, or a version from 1.12.1"],
            id="release that is not a version",
        ),
        pytest.param(
            (ARM, "14", "3.12"),
            {"release": "nightly"},
            ["No build of PyTorch has both MPS for macOS 14 and nightly wheels for python 3.12."],
            [
                (
                    "Write `release: stable` (torch 2.14.1), or `backend: cpu`;"
                    " or update the Mac to macOS 15."
                )
            ],
            id="nightly whose MPS needs more",
        ),
        pytest.param(
            (INTEL, "14", "3.12"),
            {"release": "nightly"},
            ["No build of PyTorch has a nightly wheel for Intel Macs."],
            ["Write `release: stable` (torch 2.2.2)."],
            id="nightly for Intel",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "nightly", "companions": ("torchaudio",)},
            ["No release of torchaudio has a nightly wheel for macOS 15 and python 3.12"],
            ["`release: stable` (torch 2.15.0)", "`with: []`"],
            id="nightly of torchaudio",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"release": "nightly", "source": "conda-forge"},
            ["There are no nightly builds of PyTorch in conda-forge, only as wheels."],
            ["Write `source: wheels`, or leave `source` out."],
            id="nightly of conda-forge",
        ),
        pytest.param(
            (ARM, "15", "3.8"),
            {"source": "conda-forge"},
            ["No release of torchaudio has a conda build for macOS 15 and python 3.8"],
            ['`python: "3.9"` (torch 2.5.1)', "`source: wheels` (torch 2.4.1)"],
            id="companion that conda-forge built for other pythons",
        ),
        pytest.param(
            (INTEL, "10.13", "3.12"),
            {"source": "conda-forge", "companions": ()},
            ["No release of PyTorch in conda-forge has a conda build for macOS 10.13"],
            ["`source: wheels` (torch 2.2.2)", "update the Mac to macOS 10.15"],
            id="macOS too old for conda-forge",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"source": "conda-forge", "release": "2.15.0"},
            ["The catalogue has no PyTorch 2.15.0 in conda-forge, only 2.3.0 to 2.13.0."],
            ['`release: "2.10.0"`', "`source: wheels`"],
            id="release that conda-forge has not",
        ),
        pytest.param(
            (INTEL, "14", "3.12"),
            {"source": "pytorch-channel", "release": "2.5.1"},
            ["PyTorch 2.5.1 does not fit", "it has no conda build for Intel Macs."],
            ['Write `release: "2.2.2"`, or `source: conda-forge`.'],
            id="the legacy channel's last for the other arch",
        ),
        pytest.param(
            (ARM, "15", "3.12.4"),
            {},
            ["'3.12.4' is not a python version of the form MAJOR.MINOR."],
            ['Write it like `python: "3.12"`.'],
            id="python with a micro version",
        ),
        pytest.param(
            (ARM, "15", "3.12"),
            {"companions": ("torchtext",)},
            ["'torchtext' is not a companion of torch."],
            ["Write `with: [torchvision, torchaudio]`, or only one of them."],
            id="strange companion",
        ),
    ],
)
def test_a_refusal_has_its_reason_and_changes(mac, asked, reason, instead):
    """It names the obstacles, and the changes that get a release."""
    said, ways = refusal(*mac, **asked)
    assert [part for part in reason if part not in said] == [], said
    assert [part for part in instead if part not in ways] == [], ways


def test_a_newer_macos_is_offered_beside_several_changes():
    """This holds where no single change is enough."""
    _, ways = refusal(ARM, "11", "3.15", backend="mps", companions=())
    assert ways == (
        'Write `backend: cpu` and `python: "3.14"` (torch 2.11.0);'
        " or update the Mac to macOS 15 (torch 2.15.0)."
    )


def test_every_change_keeps_the_default_companions():
    """Companions come with a stable release, and have no wheel for python 3.7."""
    reason, instead = refusal(ARM, "15", "3.7", release="nightly", backend="cpu")
    assert "nightly wheel for python 3.7" in reason
    assert instead == 'Write `python: "3.11"`.'


def test_nightly_from_a_channel_is_refused():
    """The refusal names the wheels, or a stable release where no nightly fits."""
    _, wheels = refusal(ARM, "15", "3.12", release="nightly", source="conda-forge")
    assert wheels == "Write `source: wheels`, or leave `source` out."
    _, stable = refusal(ARM, "13", "3.9", release="nightly", source="pytorch-channel")
    assert stable == "Write `release: stable` (torch 2.5.1)."
    _, several = refusal(INTEL, "10.13", "3.14", release="nightly", source="conda-forge")
    assert several == (
        'Write `release: stable` and `source: wheels` and `python: "3.12"` (torch 2.2.2).'
    )


def test_a_newer_macos_is_offered_only_if_auto_gets_a_release_there():
    """On macOS 14 `auto` uses MPS, which the nightly wheels have from macOS 15 on."""
    _, instead = refusal(ARM, "11", "3.11", release="nightly")
    assert instead == "Write `release: stable` (torch 2.11.0); or update the Mac to macOS 15."


def test_several_changes_together_get_a_release():
    """Where one change is not enough, the refusal names as many as needed."""
    _, three = refusal(INTEL, "10.13", "3.14", source="conda-forge", backend="mps")
    assert three == 'Write `backend: cpu` and `source: wheels` and `python: "3.12"` (torch 2.2.2).'
    _, two = refusal(ARM, "11", "3.10", release="nightly", backend="mps")
    assert two == "Write `release: stable` and `backend: cpu` (torch 2.11.0)."
    _, both = refusal(INTEL, "10.13", "3.13", source="conda-forge")
    assert both == (
        'Write `source: wheels` and `python: "3.12"` (torch 2.2.2);'
        " or update the Mac to macOS 10.15 (torch 2.7.1)."
    )
