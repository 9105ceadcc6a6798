# An environment of the same name that Torchard did not make is not replaced.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ rm miniconda3/envs/tools && mkdir -p miniconda3/envs/tools/conda-meta && : >miniconda3/envs/tools/conda-meta/history
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     ~/miniconda3/envs/tools is not a link, so Torchard did not make it; rename it, or give the environment another name than tools

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
