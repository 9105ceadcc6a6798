"""The settings of all Macs, where pyinfra keeps them. `defaults:` of lab.yaml means the same.

A setting can be here or there, and not in both. The names are the settings of docs/lab.md, as in
`channels = ["conda-forge"]`. pyinfra runs this file, but Torchard only parses it, so write plain
assignments.
"""
