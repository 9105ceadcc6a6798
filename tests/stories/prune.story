# With prune, what Torchard made and the lab does not name any more is removed, and nothing else is.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ mkdir -p miniconda3/envs/mine/conda-meta && : >miniconda3/envs/mine/conda-meta/history
[0]
lab: {environments: {tools: null}, groups: {simulated: {environments: []}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
lab: {prune: true}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  - tools       ~/.torchard/generations/tools-XXXXXXXX         with generations
      the lab does not name it, and says prune: true

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  - tools       ~/.torchard/generations/tools-XXXXXXXX         removed

Done: 1 Mac up to date.
[0]
studio-01$ ls miniconda3/envs .torchard/generations
.torchard/generations:

miniconda3/envs:
mine
[0]
