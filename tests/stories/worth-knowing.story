# A plan reports what is odd about a Mac before anything is done: blockers and warnings.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", clock: -31536000}
- {name: studio-02, arch: arm64, macos: "15.1", built: true}
lab:
  environments: {tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}}
---
lab: {environments: {torch: {python: "3.12", conda: [numpy]}}, macs: {studio-01: {environments: [torch]}, studio-02: {miniconda: {prefix: ~/elsewhere}}}}
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        its clock is 365 days behind this computer's, so downloads over TLS fail there, such as those of a later `conda install`; set its clock
  ! note        torch: it has two OpenMP runtimes, the one in torch's wheel and conda's llvm-openmp: a program that loads both may be aborted (OMP: Error #15). Move packages such as numpy from `conda:` to `pip:`, or take PyTorch from `source: conda-forge`
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       39 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      + numpy         2.4.2     conda-forge
      … 33 more
    disk        N MB needed, N GB free; N MB to push
1 Mac  · studio-02 · arm64 · macOS 15.1
  ! blocked     its environments belong to the Miniconda at ~/miniconda3, and the lab says ~/elsewhere. Torchard does not move them; write `miniconda: {prefix: ~/miniconda3}`, or first remove the links in ~/miniconda3/envs

Plan: 1 Mac to change, 0 up to date, 1 blocked. N kB to fetch once.
Lock file written: locks/lab/torch.osx-arm64-macos15.json
Nothing has been changed.
[3]
