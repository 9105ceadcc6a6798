# With shell, the plan shows what becomes of the file that a new Terminal reads.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ echo 'alias ll="ls -l"' >.zshrc
[0]
lab: {groups: {simulated: {shell: zsh}}}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  + shell       ~/.zshrc
      --- ~/.zshrc
      +++ ~/.zshrc
      @@ -0,0 +1,7 @@
      +# >>> conda initialize >>>
      +# Written by Torchard. `conda init` knows this block, and may write its own here.
      +if __conda_setup=$('/Users/ada/miniconda3/bin/conda' 'shell.zsh' 'hook' 2>/dev/null); then
      +  eval "$__conda_setup"
      +fi
      +unset __conda_setup
      +# <<< conda initialize <<<

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + shell       ~/.zshrc                                       written
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
