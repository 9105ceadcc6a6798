# All errors of a lab file are printed at once, each with its line and what to write instead.
lab: |
  environments:
    torch:
      python: 3.10
      pytorch: {release: stabel, backend: gpu}
      conda: [nodejs, nodejs]
  groups:
    studio: {environments: [torch], ssh: {usr: admin}}
  macs:
    studio-01: {address: 192.0.2.11, groups: [studio]}
    studio-02: {address: 192.0.2.12, groups: [studoi]}
    studio-03: {address: 192.0.2.13, arch: arm, environments: [troch]}
    studio-03: {address: 192.0.2.14}
---
$ torchard check
2> lab.yaml:3:13: environments.torch.python is the number 3.10, but must be text
2>   Write "3.10", in quotes.
2> lab.yaml:4:24: environments.torch.pytorch.release cannot be "stabel"
2>   Write stable, nightly, or a version such as "2.6.0" or "2.6".
2> lab.yaml:4:41: environments.torch.pytorch.backend cannot be "gpu"
2>   Write auto, mps or cpu.
2> lab.yaml:5:21: environments.torch.conda has "nodejs" twice, first on line 5
2>   Keep one of the two.
2> lab.yaml:7:41: groups.studio.ssh has no key "usr"
2>   Write user.
2> lab.yaml:10:45: there is no group "studoi"
2>   Write studio, or add studoi under groups.
2> lab.yaml:11:42: macs.studio-03.arch cannot be "arm"
2>   Write arm64 or x86_64.
2> lab.yaml:11:62: there is no environment "troch"
2>   Write torch, or add troch under environments.
2> lab.yaml:12:3: the key "studio-03" is already on line 11
2>   Keep one of the two.
[1]
# Nothing is planned with such a file, and no Mac is contacted.
$ torchard plan
2> lab.yaml:3:13: environments.torch.python is the number 3.10, but must be text
2>   Write "3.10", in quotes.
2> lab.yaml:4:24: environments.torch.pytorch.release cannot be "stabel"
2>   Write stable, nightly, or a version such as "2.6.0" or "2.6".
2> lab.yaml:4:41: environments.torch.pytorch.backend cannot be "gpu"
2>   Write auto, mps or cpu.
2> lab.yaml:5:21: environments.torch.conda has "nodejs" twice, first on line 5
2>   Keep one of the two.
2> lab.yaml:7:41: groups.studio.ssh has no key "usr"
2>   Write user.
2> lab.yaml:10:45: there is no group "studoi"
2>   Write studio, or add studoi under groups.
2> lab.yaml:11:42: macs.studio-03.arch cannot be "arm"
2>   Write arm64 or x86_64.
2> lab.yaml:11:62: there is no environment "troch"
2>   Write torch, or add troch under environments.
2> lab.yaml:12:3: the key "studio-03" is already on line 11
2>   Keep one of the two.
[1]
