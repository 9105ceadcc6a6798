# Options that exclude each other end with 1, like any other error.
---
$ torchard lock --check --upgrade
2> Usage: torchard lock [OPTIONS] [LAB]
2> Try 'torchard lock --help' for help.
2>
2> Error: --upgrade and --check exclude each other.
[1]
$ torchard choose --arch arm64 --macos 15.1 --python 3.12 --with torchvision --no-with
2> Usage: torchard choose [OPTIONS]
2> Try 'torchard choose --help' for help.
2>
2> Error: --with and --no-with exclude each other.
[1]
