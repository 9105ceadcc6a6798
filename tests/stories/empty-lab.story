# For an empty lab file, the message says what a lab file needs.
lab: ""
---
$ torchard check
2> lab.yaml:1:1: the file is empty
2>   Describe your Macs under `macs:`.
[1]
$ torchard plan
2> lab.yaml:1:1: the file is empty
2>   Describe your Macs under `macs:`.
[1]
