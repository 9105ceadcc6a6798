# A plan's JSON has every package of a Mac that has nothing yet.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan --json | head -n 48
{
  "format": 2,
  "kind": "plan",
  "macs": {
    "studio-01": {
      "class": "osx-arm64-macos15",
      "state": "change",
      "reason": null,
      "arch": "arm64",
      "macos": "15.1",
      "warnings": [],
      "steps": [
        {
          "kind": "miniconda",
          "action": "create",
          "environment": null,
          "reason": "no Miniconda at ~/miniconda3",
          "path": "/Users/ada/miniconda3",
          "place": "~/miniconda3",
          "packages": [
            {
              "change": "add",
              "name": "miniconda",
              "from": null,
              "to": "Miniconda3-py313_26.5.3-1-MacOSX-arm64.sh",
              "source": "installer",
              "bytes": 0,
              "sha256": "SHA256",
              "note": ""
            }
          ],
          "kept": 0,
          "bytes": 0,
          "disk": N,
          "digest": "SHA256",
          "files": [],
          "requested": [],
          "notes": [],
          "carried": {
            "count": 0,
            "bytes": 0,
            "names": []
          },
          "left": {
            "count": 0,
            "bytes": 0,
            "names": []
          },
[0]
