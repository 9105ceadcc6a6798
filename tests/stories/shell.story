# With shell and kernel, the plan shows what becomes of the files that a Terminal and Jupyter read.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [ipykernel]}
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
lab: {environments: {tools: {kernel: Lab tools}}}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  + kernel      ~/Library/Jupyter/kernels/torchard-tools/kernel.json
      --- /dev/null
      +++ ~/Library/Jupyter/kernels/torchard-tools/kernel.json
      @@ -0,0 +1,17 @@
      +{
      + "argv": [
      +  "/Users/ada/miniconda3/envs/tools/bin/python",
      +  "-m",
      +  "ipykernel_launcher",
      +  "-f",
      +  "{connection_file}"
      + ],
      + "display_name": "Lab tools",
      + "language": "python",
      + "metadata": {
      +  "debugger": true,
      +  "torchard": {
      +   "environment": "tools"
      +  }
      + }
      +}

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  + kernel      ~/Library/Jupyter/kernels/torchard-tools/kernel.json
                written
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
lab: {environments: {tools: {kernel: null}}}
$ torchard apply --yes
1 Mac  · studio-01 · arm64 · macOS 15.1
  - kernel      ~/Library/Jupyter/kernels/torchard-tools/kernel.json
      the lab does not make it a kernel any more
      --- ~/Library/Jupyter/kernels/torchard-tools/kernel.json
      +++ /dev/null
      @@ -1,17 +0,0 @@
      -{
      - "argv": [
      -  "/Users/ada/miniconda3/envs/tools/bin/python",
      -  "-m",
      -  "ipykernel_launcher",
      -  "-f",
      -  "{connection_file}"
      - ],
      - "display_name": "Lab tools",
      - "language": "python",
      - "metadata": {
      -  "debugger": true,
      -  "torchard": {
      -   "environment": "tools"
      -  }
      - }
      -}

Plan: 1 Mac to change, 0 up to date.
1 Mac  · studio-01 · arm64 · macOS 15.1 · N s
  - kernel      ~/Library/Jupyter/kernels/torchard-tools/kernel.json
                removed
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
