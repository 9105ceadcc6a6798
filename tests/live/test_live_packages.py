"""Packages beside PyTorch, with the real uv and the real index: the lock is one that works."""

from __future__ import annotations

import re

import pytest

from torchard.catalog.catalog import load_catalog
from torchard.catalog.choose import choose
from torchard.catalog.mac_class import MacClass
from torchard.catalog.variant import Variant
from torchard.lab.model import Environment, Request
from torchard.lock.lockfile import LockError
from torchard.lock.question import Question
from torchard.lock.wheels import resolve_wheels

pytestmark = pytest.mark.live

INTEL, ARM = MacClass("osx-64", "13.0"), MacClass("osx-arm64", "15.0")


def lock(mac_class, *pip, release="stable"):
    """Return the wheels of an environment by name."""
    catalogue = load_catalog()
    variant = choose(Request("3.12", release=release), mac_class, catalogue)
    assert isinstance(variant, Variant)
    question = Question(
        Environment("torch", "3.12", None, pip=pip), mac_class, variant, pairings=catalogue.pairings
    )
    return {one.name: one for one in resolve_wheels(question, "3.12.9", {})}


def test_intel_gets_the_last_transformers_that_take_its_torch():
    """5.1.0 and newer disable torch 2.2.2. What needs transformers follows."""
    found = lock(INTEL, "transformers", "sentence-transformers")
    assert found["transformers"].version == "4.57.6"
    assert found["sentence-transformers"].version.startswith("5.")


def test_intel_gets_packages_whose_extra_takes_its_torch():
    """The bound of diffusers and safetensors is only in their extra `torch`."""
    found = lock(INTEL, "diffusers")
    for name, version in {"diffusers": "0.37.1", "safetensors": "0.7.0"}.items():
        assert found[name].version == version
        assert "in its extra `torch`, and torch is 2.2.2" in found[name].note


def test_extras_that_nobody_needs_hold_nothing_back():
    """The extra `audio` of datasets asks for torch 2.8, and its tests for an exact one."""
    found = lock(INTEL, "datasets", "lightning", "fastai")
    assert {one.note for one in found.values()} == {""}
    assert int(found["datasets"].version.partition(".")[0]) >= 5


@pytest.mark.parametrize(("release", "minor"), [("2.6.0", "0.2"), ("2.8.0", "0.7")])
def test_torchcodec_is_that_of_its_torch(release, minor):
    """A newer one would fail at import."""
    assert lock(ARM, "torchcodec", release=release)["torchcodec"].version.startswith(f"{minor}.")


def test_torchtext_is_refused_with_its_reason():
    """Its metadata says that it takes every torch from 2.3 on."""
    with pytest.raises(LockError, match=r"No torchtext fits: its last release, 0\.18\.0, is built"):
        lock(ARM, "torchtext")


def test_torchtune_gets_a_torchao_that_it_can_import():
    """In torchao 0.18 the module that torchtune 0.6.1 imports is gone."""
    found = lock(ARM, "torchtune", "torchao")
    assert found["torchao"].version == "0.17.0"


def test_a_prerelease_is_locked_only_if_the_lab_names_one():
    """Every wheel of xformers that fits a Mac is a development build."""
    with pytest.raises(LockError, match=r"only pre-releases such as 0\.") as caught:
        lock(ARM, "xformers")
    (wanted,) = re.findall(r"`(xformers>=\S+)`", caught.value.instead)
    assert ".dev" in lock(ARM, wanted)["xformers"].version


def test_a_package_that_names_a_prerelease_gets_it():
    """The OpenTelemetry SDK asks for an exact beta of a package that has nothing else."""
    assert "b" in lock(ARM, "opentelemetry-sdk")["opentelemetry-semantic-conventions"].version


def test_a_yanked_release_has_a_note():
    """Only an exact version gets it."""
    assert "is yanked" in lock(ARM, "safetensors==0.3.3.post1")["safetensors"].note
