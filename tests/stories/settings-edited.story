# Settings of an environment that somebody edited are written again: the plan shows which lines.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ printf '  - defaults\n' >>miniconda3/envs/tools/.condarc
[0]
$ torchard status
1 Mac  · studio-01 · arm64 · macOS 15.1
   = =  miniconda   26.5.3
   M ~  tools       verified WHEN: python 3.12.13 arm64
          made by a person: 1 file, N bytes: .condarc
          its .condarc was altered by hand
          --- ~/miniconda3/envs/tools/.condarc
          +++ ~/miniconda3/envs/tools/.condarc
          @@ -2,3 +2,4 @@
           channels: ["conda-forge"]
           channel_priority: strict
           default_channels: []
          +  - defaults

On disk:
   studio-01     generations N MB, depot N MB, logs N kB, kept 0 bytes, set aside 0 bytes
   this computer depot N MB

First, since Torchard made it: = as it was, M changed, D gone, ? not known.
Then, what an apply would do: = nothing, + add, ~ change, - remove.
An apply: 1 Mac to change, 0 up to date.
[2]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       19 kept, 0 to change                           new generation
      its .condarc was altered by hand
      stays in the generation before: 1 file, N bytes: .condarc
      --- ~/miniconda3/envs/tools/.condarc
      +++ ~/miniconda3/envs/tools/.condarc
      @@ -2,4 +2,3 @@
       channels: ["conda-forge"]
       channel_priority: strict
       default_channels: []
      -  - defaults
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]
