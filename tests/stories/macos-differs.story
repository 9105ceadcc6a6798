# A macOS other than the lab says is worth a note; what fits the Mac's own is chosen.
macs:
- {name: studio-01, arch: arm64, macos: "13.6"}
lab:
  environments:
    torch: {python: "3.12"}
  macs:
    studio-01: {macos: "15.1"}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 13.6
  ! note        lab.yaml:4:3 says macOS 15.1, but it runs 13.6
  ! note        torch: torch 2.8.0 has a known vulnerability (CVE-2026-24747): load only weights that you trust, or write `backend: cpu` (torch 2.11.0), or update the Mac to macOS 14 (torch 2.14.1)
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 13.6 and python 3.12, by what their libraries import
      torch 2.11.0 would install on macOS 13.6, but its MPS needs macOS 14.
      Libraries that were built for a newer macOS import only what macOS 13.6 has: libomp.dylib of torch 2.8.0 (for macOS 14).
      If an import fails on the Mac, write `release: "2.6.0"`: its libraries were built for macOS 13.6 or older.
      + python        3.12.13   conda-forge
      + torch         2.8.0     wheel, MPS expected
      + torchvision   0.23.0    wheel
      + torchaudio    2.8.0     wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N kB to fetch once.
Lock file written: locks/lab/torch.osx-arm64-macos13.json
Nothing has been changed.
[2]
