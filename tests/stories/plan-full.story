# A full plan names every package.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan --full
1 Mac  · studio-01 · arm64 · macOS 15.1
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + tools       19 packages, N MB                              new generation
      + python            3.12.13     conda-forge, N kB
      + pip               X.Y         conda-forge, N MB
      + rhash             1.4.6       conda-forge, N kB
      + einops            0.8.2       wheel, N kB
      + tzdata            2025c       conda-forge, N kB
      + libzlib           1.3.1       conda-forge, N kB
      + tk                8.6.13      conda-forge, N kB
      + ncurses           6.5         conda-forge, N kB
      + readline          8.3         conda-forge, N kB
      + ca-certificates   2026.2.25   conda-forge, N kB
      + openssl           3.6.1       conda-forge, N kB
      + icu               75.1        conda-forge, N kB
      + libsqlite         3.51.2      conda-forge, N kB
      + liblzma           5.8.2       conda-forge, N kB
      + libffi            3.5.2       conda-forge, N kB
      + libexpat          2.7.3       conda-forge, N kB
      + bzip2             1.0.8       conda-forge, N kB
      + wheel             0.46.3      conda-forge, N kB
      + setuptools        82.0.1      conda-forge, N kB
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
Nothing has been changed.
[2]
