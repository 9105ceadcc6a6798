# Each environment is locked once for each class of Mac; no Mac is contacted where the lab tells its class.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: refuse}
- {name: studio-02, arch: arm64, macos: "15.4", fault: refuse}
- {name: library-01, arch: x86_64, macos: "12.7", fault: refuse}
lab:
  environments:
    torch: {python: "3.12"}
locked: false
---
$ torchard lock --check
out of date torch for osx-arm64-macos15      The lock locks/lab/torch.osx-arm64-macos15.json is missing.
out of date torch for osx-64-macos12         The lock locks/lab/torch.osx-64-macos12.json is missing.
[2]
$ torchard lock
written     torch for osx-arm64-macos15      locks/lab/torch.osx-arm64-macos15.json
      new: 30 packages, N MB
written     torch for osx-64-macos12         locks/lab/torch.osx-64-macos12.json
      new: 30 packages, N MB
[0]
$ torchard lock
kept        torch for osx-arm64-macos15      locks/lab/torch.osx-arm64-macos15.json
kept        torch for osx-64-macos12         locks/lab/torch.osx-64-macos12.json
[0]
lab: {environments: {torch: {conda: [nodejs]}}}
$ torchard lock --check
out of date torch for osx-arm64-macos15      The lock locks/lab/torch.osx-arm64-macos15.json is out of date: its conda_specs has no "nodejs", which the lab asks for.
out of date torch for osx-64-macos12         The lock locks/lab/torch.osx-64-macos12.json is out of date: its conda_specs has no "nodejs", which the lab asks for.
[2]
