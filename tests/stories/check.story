# A lab file that is right is fine, and no Mac is contacted.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: refuse}
- {name: studio-02, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard check
lab.yaml is fine: 2 Macs, 1 environment.
[0]
$ torchard check lab.yaml
lab.yaml is fine: 2 Macs, 1 environment.
[0]
