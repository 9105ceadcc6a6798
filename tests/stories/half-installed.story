# A half-installed Miniconda is set aside and installed again; the environments stay.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ mkdir miniconda3/install_tmp && touch miniconda3/.messages.txt && : >miniconda3/conda-meta/history
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
      ~/miniconda3 is half installed; it is set aside and installed again
  ~ tools       19 kept                                        the link only
      this generation is built and verified; only its link is missing or elsewhere
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]
