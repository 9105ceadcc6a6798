# A verification that fails is remembered until the environment is built again; settings go along.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ mkdir -p miniconda3/envs/tools/etc/conda/activate.d
[0]
studio-01$ touch miniconda3/envs/tools/etc/conda/activate.d/lab.sh miniconda3/envs/tools/conda-meta/pinned
[0]
studio-01$ rm miniconda3/envs/tools/lib/python3.12/site-packages/einops-*/WHEEL
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! failed      tools: einops: 1 of 6 files is gone: einops-0.8.2.dist-info/WHEEL; run `torchard apply --rebuild tools`

Done: 0 Macs up to date, 1 failed.
[1]
# Each plan and status reports from now on what nothing else would show.
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! note        tools: its last verification failed on WHEN: einops: 1 of 6 files is gone: einops-0.8.2.dist-info/WHEEL; `torchard apply --rebuild tools` builds it again
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   M =  tools       verified WHEN: python 3.12.13 arm64
          its last verification failed on WHEN: einops: 1 of 6 files is gone: einops-0.8.2.dist-info/WHEEL; `torchard apply --rebuild tools` builds it again
          einops: 1 of 6 files is gone: einops-0.8.2.dist-info/WHEEL
          made by a person: 2 files, 0 bytes: conda-meta/pinned, etc/

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 0 Macs to change, 1 up to date.
[0]
$ torchard apply --rebuild tool --yes
2> There is no environment tool in lab.yaml.
2>   Did you mean tools?
[1]
$ torchard apply --rebuild tools --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 0 to change                           new generation
      you asked to rebuild it
      carried over, made by a person: 2 files, 0 bytes: conda-meta/pinned, etc/
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ~ tools       19 kept, 0 changed                             built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   = =  tools       verified WHEN: python 3.12.13 arm64
          made by a person: 2 files, 0 bytes: conda-meta/pinned, etc/

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 0 Macs to change, 1 up to date.
[0]
