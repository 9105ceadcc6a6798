"""The commands of `torchard`, one file each; `cli` gathers them."""
