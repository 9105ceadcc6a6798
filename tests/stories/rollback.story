# An environment is frozen by building it again, and rollback activates the one before, once.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard rollback --yes tools
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     tools: there is no generation before the active one

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
lab: {groups: {simulated: {frozen: true}}}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 0 to change                           new generation
      the lab freezes it
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ~ tools       19 kept, 0 changed                             built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
studio-01$ miniconda3/bin/conda install -q -y -n tools --override-channels -c http://127.0.0.1:8080/conda/conda-forge zstd
2>
2> EnvironmentIsFrozenError: Cannot modify '/Users/ada/miniconda3/envs/tools'. The environment is marked as frozen. Reason:
2>
2>     Torchard keeps this environment as the lab describes it. Ask the person who keeps the lab for what you need, or make an environment of your own: conda create --name mine
2>
2> You can bypass this with the `--override-frozen` flag, at your own risk.
2>
[1]
$ torchard rollback tools
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept                                        the link only
      the generation before, built on WHEN

Plan: 1 Mac to change, 0 up to date.
2> Nothing was changed: there is no terminal to ask at.
2>   Look at what `torchard rollback tools` prints, and add --yes if it is what you want.
[1]
$ torchard rollback --yes tools
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept                                        the link only
      the generation before, built on WHEN

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ~ tools       19 kept                                        active again
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
$ torchard rollback --yes tools
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     tools: it was rolled back already: the active generation is the oldest that is kept; `torchard apply` goes forward again

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
