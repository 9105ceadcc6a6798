# Status tells what became of what was made, what the lab does not name, and what an apply would do.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   = =  tools       verified WHEN: python 3.12.13 arm64

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 0 Macs to change, 1 up to date.
[0]
# Somebody installs with conda, with pip, into Miniconda's own base, and makes an environment.
studio-01$ cd miniconda3 && bin/conda install -q -y -n tools --override-channels -c http://127.0.0.1:8080/conda/conda-forge zstd >/dev/null
[0]
studio-01$ cd miniconda3 && envs/tools/bin/python -m pip install -q --index-url http://127.0.0.1:8080/simple pytz 2>/dev/null
[0]
studio-01$ cd miniconda3 && bin/conda install -q -y -n base --override-channels -c http://127.0.0.1:8080/conda/conda-forge rhash >/dev/null
[0]
studio-01$ mkdir -p miniconda3/envs/mine/conda-meta && : >miniconda3/envs/mine/conda-meta/history
[0]
lab: {environments: {tools: null, more: {python: "3.12", pytorch: false}}, groups: {simulated: {environments: [more]}}}
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   M =  miniconda   26.5.3
          + rhash   1.4.6   conda, installed by hand
   = +  more        not there yet
   ? =  mine        not made by Torchard; it is left alone
   M =  tools       the lab does not name it; it is left alone
          verified WHEN: python 3.12.13 arm64
          + zstd   1.5.7    conda, not in the lock; installed by hand
          + pytz   2026.6   wheel, not in the lock; installed by hand

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 1 Mac to change, 0 up to date.
Lock file written: locks/lab/more.osx-arm64-macos15.json
[2]
