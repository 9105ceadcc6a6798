# torchard choose --for tells what a lock with some packages would have, and locks nothing.
---
# Without a channel, the wheels alone are solved.
$ UV_DEFAULT_INDEX=http://127.0.0.1:8080/simple https_proxy=http://127.0.0.1:9 torchard choose --arch arm64 --macos 15.1 --release 2.2.2 --for "pandas einops"
torch 2.2.2 · torchvision 0.17.2 · torchaudio 2.2.2
  from wheels, for python 3.12, MPS expected
  the release asked for; its wheels and MPS fit macOS 15.1 and python 3.12
  with numpy<2
  2.2.2 is the last release with wheels for Intel Macs.
  torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `--release stable` (torch 2.15.0).
pandas 2.3.3 · einops 0.8.2
  18 wheels in all; assuming the newest python 3.12 and nothing else from conda
  The channels of torch for osx-arm64-macos15 could not be read from https://conda.anaconda.org/conda-forge, because the proxy does not answer.
  Nothing is locked, and no wheel was fetched. `torchard lock` also reads their libraries, and takes an older release if one does not load.
[0]
$ UV_DEFAULT_INDEX=http://127.0.0.1:8080/simple https_proxy=http://127.0.0.1:9 torchard choose --arch arm64 --macos 15.1 --release 2.2.2 --for "einops>=99"
torch 2.2.2 · torchvision 0.17.2 · torchaudio 2.2.2
  from wheels, for python 3.12, MPS expected
  the release asked for; its wheels and MPS fit macOS 15.1 and python 3.12
  with numpy<2
  2.2.2 is the last release with wheels for Intel Macs.
  torch 2.2.2 has known vulnerabilities (CVE-2026-24747, CVE-2025-32434): load only weights that you trust, or write `--release stable` (torch 2.15.0).
2> No lock is possible: the wheel index has no einops>=99; its newest is 0.8.2.
2>   Write `einops==0.8.2` in `--for`.
[1]
$ ls
[0]
