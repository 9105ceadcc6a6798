# A lab file that is not there is an error that names it.
---
$ torchard check
2> lab.yaml: there is no such file
2>   TORCHARD_LAB names it. Name a lab file that exists, or unset TORCHARD_LAB.
[1]
$ torchard plan nowhere/lab.yaml
2> nowhere/lab.yaml: there is no such file
2>   Name a lab file that exists, or type: torchard init
[1]
$ torchard lock
2> lab.yaml: there is no such file
2>   TORCHARD_LAB names it. Name a lab file that exists, or unset TORCHARD_LAB.
[1]
