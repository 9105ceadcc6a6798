# Where the lab asks for conda-forge's PyTorch, it comes from there; an Intel Mac gets a newer one.
macs:
- {name: library-01, arch: x86_64, macos: "12.7"}
lab:
  environments:
    torch: {python: "3.12", pytorch: {source: conda-forge}}
---
$ torchard plan
1 Mac  · library-01 · x86_64 · macOS 12.7
  + miniconda   Miniconda3-py313_25.7.0-2-MacOSX-x86_64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       42 packages, N MB                              new generation
      the newest release whose conda builds of conda-forge fit macOS 12.7 and python 3.12
      PyTorch's MPS is not for Intel Macs, so torch computes on the processor alone.
      torch 2.13.0 would install on macOS 12.7, but it has no torchaudio there.
      The catalogue knows conda-forge's builds up to 2026-08-20. Its cpu builds include MPS.
      Since November 2025, conda-forge builds its packages for Intel Macs on Apple silicon and does not test them.
      + python        3.12.13   conda-forge
      + pytorch       2.10.0    conda-forge
      + torchvision   0.26.0    conda-forge
      + torchaudio    2.11.0    conda-forge
      + pip           X.Y       conda-forge
      … 37 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]
