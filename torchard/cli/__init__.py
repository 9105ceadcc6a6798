"""The commands of `torchard`, one file each; `main` imports them one by one."""
