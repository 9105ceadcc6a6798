# Files that are gone are named, though every record is there.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
# One file of many: the plan asks for no more than one of each package, so it does not see that.
studio-01$ rm miniconda3/envs/tools/lib/python3.12/site-packages/pip/__main__.py
[0]
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   M =  tools       verified WHEN: python 3.12.13 arm64
          pip: 1 of N files is gone: lib/python3.12/site-packages/pip/__main__.py; run `torchard apply --rebuild tools`

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 0 Macs to change, 1 up to date.
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! failed      tools: pip: 1 of N files is gone: lib/python3.12/site-packages/pip/__main__.py; run `torchard apply --rebuild tools`

Done: 0 Macs up to date, 1 failed.
[1]
# A wheel without its modules, as conda leaves it that removes its own package of that name.
studio-01$ rm -r miniconda3/envs/tools/lib/python3.12/site-packages/einops
[0]
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   M ~  tools       verified WHEN: python 3.12.13 arm64
          its last verification failed on WHEN: pip: 1 of N files is gone: lib/python3.12/site-packages/pip/__main__.py; `torchard apply --rebuild tools` builds it again
          einops: 1 of 6 files is gone: einops/__init__.py
          pip: 1 of N files is gone: lib/python3.12/site-packages/pip/__main__.py
          changed by hand since it was built
          - einops   0.8.2   removed by hand

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 1 Mac to change, 0 up to date.
[2]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       18 kept, 1 to change                           new generation
      changed by hand since it was built
      + einops   0.8.2   wheel
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       18 kept, 1 to change                           new generation
      changed by hand since it was built
      + einops   0.8.2   wheel
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  ~ tools       18 kept, 1 changed                             built and active
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
