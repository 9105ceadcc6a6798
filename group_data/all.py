"""What every Mac gets, unless a group, the Mac itself or --data says otherwise.

Only plain assignments: pyinfra runs this file, but Torchard reads it. The names are those of a
group in lab.yaml: environments, ssh, miniconda, channels, mirrors, shell, accept_license,
accept_anaconda_terms, prune.
"""

# Miniconda below the account's home needs no sudo. Without a version: the newest that fits.
miniconda = {"distribution": "miniconda", "prefix": "~/miniconda3"}

# In this order, the first with strict priority.
channels = ["conda-forge"]

# Left out, as user, port, key and config are: ssh_config, the agent and port 22 decide.
ssh = {"known_hosts": "~/.ssh/known_hosts"}
