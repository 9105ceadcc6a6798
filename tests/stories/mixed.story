# With one Mac up to date, one to change and one off, 3 wins over 2.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
- {name: studio-02, arch: arm64, macos: "15.1"}
- {name: studio-03, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date
1 Mac  · studio-02 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push
1 Mac  · studio-03
  ! unreachable 127.0.0.1:2203 refused the connection; turn Remote Login on there (System Settings > General > Sharing)

Plan: 1 Mac to change, 1 up to date, 1 unreachable.
Nothing has been changed.
[3]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  = tools       verified: python 3.12.13 arm64
1 Mac  · studio-02 · arm64 · macOS 15.1
  ! failed      tools: it is not there; run `torchard apply`
1 Mac  · studio-03
  ! unreachable 127.0.0.1:2203 refused the connection; turn Remote Login on there (System Settings > General > Sharing)

Done: 1 Mac up to date, 1 failed, 1 unreachable.
[1]
