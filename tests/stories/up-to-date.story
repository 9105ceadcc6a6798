# A Mac that is as the lab describes it is up to date, and nothing is done to it.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
$ torchard plan --json
{
  "format": 2,
  "kind": "plan",
  "macs": {
    "studio-01": {
      "class": "osx-arm64-macos15",
      "state": "up_to_date",
      "reason": null,
      "arch": "arm64",
      "macos": "15.1",
      "warnings": [],
      "steps": []
    }
  },
  "summary": {
    "change": 0,
    "up_to_date": 1,
    "unreachable": 0,
    "blocked": 0,
    "failed": 0,
    "fetch_bytes": 0
  }
}
[0]
$ torchard apply
1 Mac  · studio-01 · arm64 · macOS 15.1
  = up to date

Plan: 0 Macs to change, 1 up to date.
Nothing has been changed.
[0]
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  = tools       verified: python 3.12.13 arm64

Done: 1 Mac up to date.
[0]
