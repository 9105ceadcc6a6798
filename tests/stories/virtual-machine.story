# In a virtual machine MPS calls itself available and fails: the plan warns, the reason says what to write.
macs:
- {name: runner-01, arch: arm64, macos: "15.1", virtual: true}
lab:
  environments:
    torch: {python: "3.12", pytorch: {backend: mps}}
---
$ torchard apply --yes
1 Mac  · runner-01 · arm64 · macOS 15.1
  ! note        torch: this Mac is a virtual machine, whose GPU MPS usually cannot use; if the environment fails for that, write `backend: cpu`
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                sha256 XXXXXXXX…
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels and MPS fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel, MPS expected
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free; N MB to push

Plan: 1 Mac to change, 0 up to date. N MB to fetch once.
1 Mac  · runner-01 · arm64 · macOS 15.1 · N s
  ! note        torch: this Mac is a virtual machine, whose GPU MPS usually cannot use; if the environment fails for that, write `backend: cpu`
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                installed
  ! torch       failed: MPS does not work on this Mac (arm64, macOS 15.1): this Mac is a virtual machine, whose GPU MPS cannot use; write `backend: cpu` (RuntimeError: MPS backend out of memory (MPS allocated: 0 bytes, other allocations: 0 bytes, max allowed: 1.N GB). Tried to allocate N bytes on shared pool.)
      Verification failed, so torch was not activated; what was there before is unchanged.
      The whole log is on the Mac: /Users/ada/.torchard/log/WHEN-torch-XXXXXXXX-PID.log

Done: 0 Macs up to date, 1 failed.
[1]
# With what the sentence says, it is provisioned.
lab: {environments: {torch: {pytorch: {backend: cpu}}}}
$ torchard lock
written     torch for osx-arm64-macos15      locks/lab/torch.osx-arm64-macos15.json
      no package moved, only what the lab asks for
[0]
$ torchard apply --yes
1 Mac  · runner-01 · arm64 · macOS 15.1
  + torch       30 packages, N MB                              new generation
      the newest release whose wheels fit macOS 15.1 and python 3.12
      + python        3.12.13   conda-forge
      + torch         2.15.0    wheel
      + torchvision   0.29.2    wheel
      + torchaudio    2.11.1    wheel
      + pip           X.Y       conda-forge
      … 25 more
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
1 Mac  · runner-01 · arm64 · macOS 15.1 · N s
  + torch       30 packages, N MB                              built and active
  = torch       verified: python 3.12.13 arm64, torch 2.15.0, CPU

Done: 1 Mac up to date.
[0]
$ torchard plan
1 Mac  · runner-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
