# torchvision only warns if macOS lacks a symbol of its library. Verification fails, and says what to write.
macs:
- {name: studio-01, arch: arm64, macos: "13.6", unloadable: image.so}
lab:
  environments:
    torch: {python: "3.12"}
---
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 13.6
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

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
1 Mac  · studio-01 · arm64 · macOS 13.6 · N s
  ! note        torch: torch 2.8.0 has a known vulnerability (CVE-2026-24747): load only weights that you trust, or write `backend: cpu` (torch 2.11.0), or update the Mac to macOS 14 (torch 2.14.1)
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                installed
  ! torch       failed: import torchvision warns: Failed to load image Python extension: 'dlopen(torchvision/image.so, 0x0006): Symbol not found: __ZTVNSt3__115basic_stringbufE
        Referenced from: torchvision/image.so
        Expected in:     /usr/lib/libc++.1.dylib'
      Write `release: "2.6.0"`, the newest release whose libraries were built for macOS 13 or older.
      Verification failed, so torch was not activated; what was there before is unchanged.
      The whole log is on the Mac: /Users/ada/.torchard/log/WHEN-torch-XXXXXXXX-PID.log

Done: 0 Macs up to date, 1 failed.
[1]
