# With --locked, a lock that is missing or out of date is an error, and nothing is solved.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {environments: {tools: {conda: [rhash, zstd]}}}
$ torchard plan --locked
2> The lock locks/lab/tools.osx-arm64-macos15.json is out of date: its conda_specs has no "zstd", which the lab asks for.
2>   Run `torchard lock`, or leave out --locked.
[1]
$ rm -r locks
[0]
$ torchard plan --locked
2> The lock locks/lab/tools.osx-arm64-macos15.json is missing.
2>   Run `torchard lock`, or leave out --locked.
[1]
$ torchard apply --yes --locked
2> The lock locks/lab/tools.osx-arm64-macos15.json is missing.
2>   Run `torchard lock`, or leave out --locked.
[1]
