# For a lab file without Macs, the message says what it lacks.
lab: |
  environments:
    tools: {python: "3.12", pytorch: false}
---
$ torchard check
2> lab.yaml:1:1: the file has no macs
2>   Add it, as in macs: {"studio-01": {"address": "192.0.2.11", "groups": ["studio"]}}.
[1]
$ torchard plan
2> lab.yaml:1:1: the file has no macs
2>   Add it, as in macs: {"studio-01": {"address": "192.0.2.11", "groups": ["studio"]}}.
[1]
$ torchard lock
2> lab.yaml:1:1: the file has no macs
2>   Add it, as in macs: {"studio-01": {"address": "192.0.2.11", "groups": ["studio"]}}.
[1]
