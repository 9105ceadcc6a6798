# An upgrade says what moved, once for all classes in which the same packages moved.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: refuse}
- {name: studio-02, arch: arm64, macos: "26.1", fault: refuse}
- {name: library-01, arch: x86_64, macos: "15.4", fault: refuse}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: ["ffmpeg<8", "cmake<4", rhash]}
locked: false
---
$ torchard lock
written     tools for osx-arm64-macos15      locks/lab/tools.osx-arm64-macos15.json
written     tools for osx-arm64-macos26      locks/lab/tools.osx-arm64-macos26.json
written     tools for osx-64-macos15         locks/lab/tools.osx-64-macos15.json
      new: 30 packages, N MB
[0]
lab: {environments: {tools: {conda: [ffmpeg, cmake]}}}
# With --diff, nothing is written.
$ torchard lock --diff
to change   tools for osx-arm64-macos15      locks/lab/tools.osx-arm64-macos15.json
to change   tools for osx-arm64-macos26      locks/lab/tools.osx-arm64-macos26.json
to change   tools for osx-64-macos15         locks/lab/tools.osx-64-macos15.json
      ~ ffmpeg   7.1.1 -> 8.0.1    conda-forge
      ~ cmake    3.31.8 -> 4.2.1   conda-forge
[2]
$ torchard lock --check
out of date tools for osx-arm64-macos15      The lock locks/lab/tools.osx-arm64-macos15.json is out of date: its conda_specs has "ffmpeg<8", "cmake<4", "rhash", and the lab asks for "ffmpeg", "cmake".
out of date tools for osx-arm64-macos26      The lock locks/lab/tools.osx-arm64-macos26.json is out of date: its conda_specs has "ffmpeg<8", "cmake<4", "rhash", and the lab asks for "ffmpeg", "cmake".
out of date tools for osx-64-macos15         The lock locks/lab/tools.osx-64-macos15.json is out of date: its conda_specs has "ffmpeg<8", "cmake<4", "rhash", and the lab asks for "ffmpeg", "cmake".
[2]
$ torchard lock --upgrade
written     tools for osx-arm64-macos15      locks/lab/tools.osx-arm64-macos15.json
written     tools for osx-arm64-macos26      locks/lab/tools.osx-arm64-macos26.json
written     tools for osx-64-macos15         locks/lab/tools.osx-64-macos15.json
      ~ ffmpeg   7.1.1 -> 8.0.1    conda-forge
      ~ cmake    3.31.8 -> 4.2.1   conda-forge
[0]
$ torchard lock --upgrade
unchanged   tools for osx-arm64-macos15      locks/lab/tools.osx-arm64-macos15.json
unchanged   tools for osx-arm64-macos26      locks/lab/tools.osx-arm64-macos26.json
unchanged   tools for osx-64-macos15         locks/lab/tools.osx-64-macos15.json
[0]
