# An apply that fails half-way on one Mac says what was done and what was not started; the rest goes on.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
- {name: studio-02, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
lab: {macs: {studio-01: {shell: zsh}, studio-02: {shell: bash}}}
studio-01: {fault: {drop_after: 8}}
$ torchard apply --yes --json >report.json
[1]
$ torchard show report.json
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + miniconda   Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh at ~/miniconda3
                installed
  ! tools       failed: the connection to 127.0.0.1:2201 was lost; its step goes on by itself, and the same command again waits for it and does the rest
    ~/.zshrc    not started
1 Mac  · studio-02 · arm64 · macOS 15.1 · N s
  + shell       ~/.bash_profile                                written
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date, 1 failed.
[1]
studio-01: {fault: null}
$ torchard apply --yes --only-failed-from report.json
1 Mac  · studio-01 · arm64 · macOS 15.1
  + tools       19 packages, N MB                              new generation
      + python   3.12.13   conda-forge
      + pip      X.Y       conda-forge
      + rhash    1.4.6     conda-forge
      + einops   0.8.2     wheel
      … 15 more
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
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + tools       19 packages, N MB                              built and active
  + shell       ~/.zshrc                                       written
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
