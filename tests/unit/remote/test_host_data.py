"""A lab as pyinfra's inventory."""

from __future__ import annotations

from pathlib import Path

from torchard.lab.model import Lab, MacHost, Ssh
from torchard.remote.inventory import host_name, pyinfra_groups


def lab(*macs, **groups):
    """Make a lab."""
    return Lab(Path("/lab/lab.yaml"), {}, groups, {mac.name: mac for mac in macs})


def test_a_host_has_its_ssh_settings(monkeypatch):
    """All SSH settings of the lab are host data, with ~ expanded."""
    monkeypatch.setenv("HOME", "/home/me")
    ssh = Ssh("admin", 2222, "~/.ssh/lab", "/lab/known_hosts", "~/.ssh/jump")
    groups = pyinfra_groups(lab(MacHost("studio-01", address="192.0.2.11", ssh=ssh)))
    assert groups["macs"] == [
        (
            "studio-01",
            {
                "torchard_mac": "studio-01",
                "torchard_lab": "/lab/lab.yaml",
                "ssh_hostname": "192.0.2.11",
                "ssh_port": 2222,
                "ssh_user": "admin",
                "ssh_key": "/home/me/.ssh/lab",
                "ssh_known_hosts_file": "/lab/known_hosts",
                "ssh_config_file": "/home/me/.ssh/jump",
                "ssh_strict_host_key_checking": "yes",
                "ssh_paramiko_connect_kwargs": {"auth_timeout": 60, "channel_timeout": 60},
            },
        )
    ]


def test_only_known_host_keys_are_trusted_by_default():
    """Without settings, the key must be in the files that ssh would read."""
    ((_, data),) = pyinfra_groups(lab(MacHost("studio-01", address="studio-01")))["macs"]
    assert data == {
        "torchard_mac": "studio-01",
        "torchard_lab": "/lab/lab.yaml",
        "ssh_hostname": "studio-01",
        "ssh_strict_host_key_checking": "yes",
        "ssh_paramiko_connect_kwargs": {"auth_timeout": 60, "channel_timeout": 60},
    }


def test_a_fingerprint_of_the_lab_counts_alone():
    """No known_hosts file counts, and pyinfra by itself cannot check a fingerprint."""
    wanted = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"
    ssh = Ssh(known_hosts="/lab/known_hosts", fingerprint=wanted)
    ((_, data),) = pyinfra_groups(lab(MacHost("studio-01", address="studio-01", ssh=ssh)))["macs"]
    assert data["ssh_known_hosts_file"] == "/dev/null"
    assert data["ssh_strict_host_key_checking"] == wanted


def test_a_local_mac_is_pyinfras_local_host_in_a_group_of_its_name():
    """`--limit this-mac` finds @local, which is in its other groups as well."""
    local = MacHost("this-mac", connection="local", ssh=Ssh("admin"))
    other = MacHost("studio-01", address="192.0.2.11")
    groups = pyinfra_groups(lab(other, local, studio=("studio-01", "this-mac"), empty=()))
    assert list(groups) == ["macs", "studio", "empty", "this-mac"]
    assert groups["macs"][1] == (
        "@local",
        {"torchard_mac": "this-mac", "torchard_lab": "/lab/lab.yaml"},
    )
    assert groups["studio"] == ["studio-01", "@local"]
    assert groups["empty"] == []
    assert groups["this-mac"] == ["@local"]
    assert host_name(other) == "studio-01"
