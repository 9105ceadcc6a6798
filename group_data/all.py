"""What every Mac gets, unless a group, the Mac itself or --data says otherwise.

Only plain assignments: pyinfra runs this file, but Torchard reads it. The names are those of a
group in lab.yaml: environments, ssh, miniconda, channels, mirrors, shell, accept_license,
accept_anaconda_terms, prune.
"""

# Miniconda below the account's home needs no sudo. Without a version: the newest that fits.
miniconda = {"distribution": "miniconda", "prefix": "~/miniconda3"}

# In this order, the first with strict priority.
channels = ["conda-forge"]

# Nothing of ssh: a Mac is reached as `ssh` reaches it, by ssh_config, the agent and known_hosts.
