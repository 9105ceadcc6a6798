# A Mac whose host key is another than the known one is not contacted further.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: hostkey}
- {name: studio-02, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan
1 Mac  · studio-01
  ! unreachable the host key of [127.0.0.1]:2201 is not the one that is known: it shows ED25519 SHA256:FINGERPRINT, and ED25519 SHA256:FINGERPRINT is known; somebody may be in between, or the Mac was set up again: then run `ssh-keygen -R '[127.0.0.1]:2201' -f /simlab/known_hosts` and `torchard keys trust studio-01`
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

Plan: 1 Mac to change, 0 up to date, 1 unreachable. N MB to fetch once.
Nothing has been changed.
[3]
