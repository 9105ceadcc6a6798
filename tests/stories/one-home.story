# Two Macs with one home on a file server are both blocked; so is a Mac that lacks a tool of macOS.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", network_home: "smbfs //ada@files/homes"}
- {name: studio-02, arch: arm64, macos: "15.1", network_home: "smbfs //ada@FILES/homes"}
- {name: studio-03, arch: arm64, macos: "15.1", network_home: "smbfs //ada@files/other"}
- {name: studio-04, arch: arm64, macos: "15.1", rosetta: true, sbin: false}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-04$ mv "$TORCHARD_ROOT/usr/sbin/sysctl" "$TORCHARD_ROOT/usr/sbin/sysctl-aside"
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! blocked     its home is on a file server (//files/homes), and studio-02 has the same home: two Macs cannot build in one place. For all Macs but one, name an account in ssh.user whose home is on the Mac itself, or take the Mac out of the lab file
1 Mac  · studio-02 · arm64 · macOS 15.1
  ! blocked     its home is on a file server (//files/homes), and studio-01 has the same home: two Macs cannot build in one place. For all Macs but one, name an account in ssh.user whose home is on the Mac itself, or take the Mac out of the lab file
1 Mac  · studio-03 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
    disk        N MB needed, N GB free; N MB to push
1 Mac  · studio-04
  ! blocked     it has no sysctl: not on the account's PATH (/simlab/macs/mac-04/bin), and not in /usr/sbin or /sbin
        macOS comes with every tool that Torchard uses. Let the account's startup files, such as ~/.zshenv, keep /usr/bin:/bin:/usr/sbin:/sbin on its PATH.

Plan: 1 Mac to change, 0 up to date, 3 blocked. N MB to fetch once.
Nothing has been changed.
[3]
$ torchard plan --limit studio-02
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

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]
studio-04$ mv "$TORCHARD_ROOT/usr/sbin/sysctl-aside" "$TORCHARD_ROOT/usr/sbin/sysctl"
[0]
$ torchard plan --limit studio-04
1 Mac  · studio-04 · arm64 · macOS 15.1
  ! note        its shell runs under Rosetta; Torchard runs native programs there all the same
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
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
