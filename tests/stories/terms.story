# A Mac without Miniconda is blocked until somebody accepts Anaconda's terms for it.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
  groups:
    apple-silicon: {miniconda: null}
    simulated: {mirrors: {installers: null}}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     Torchard runs Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh unattended, which accepts Anaconda's Terms of Service (https://www.anaconda.com/legal); read them. To allow that, write `accept_license: true` under `defaults:`, or only under this Mac. Or write `miniconda: {distribution: miniforge}` there: Miniforge has no terms to accept

Plan: 0 Macs to change, 0 up to date, 1 blocked.
Nothing has been changed.
[3]
lab: {accept_license: true}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   26.5.3-1 at ~/miniconda3                       sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]
lab: {accept_license: false, macs: {studio-01: {miniconda: {distribution: miniforge}}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   26.3.2-3 at ~/miniconda3                       sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]
