# A limit that means no Mac is an error, and says what was probably meant.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan --limit studio-1
2> lab.yaml has no Mac and no group studio-1.
2>   Did you mean studio-01?
[1]
$ torchard plan --limit "lab-*"
2> lab.yaml has no Mac and no group lab-*.
2>   There are: studio-01, simulated, apple-silicon.
[1]
