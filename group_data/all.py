"""The settings of all Macs; a group, the Mac itself or --data can change them.

pyinfra runs this file, but Torchard only parses it, so write plain assignments. The names are the
settings of a group in lab.yaml: docs/lab.md explains each.
"""

# A Miniconda in the account's home needs no sudo. Without a version, Torchard installs the newest
# that fits.
miniconda = {"distribution": "miniconda", "prefix": "~/miniconda3"}

# The first channel has the highest, strict priority.
channels = ["conda-forge"]

# There is no ssh here: Torchard connects as `ssh` does, with ssh_config, the agent and known_hosts.
