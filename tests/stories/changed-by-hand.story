# What somebody installed or removed by hand is named package by package.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", built: true}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
studio-01$ miniconda3/bin/conda install -q -y -n tools --override-channels -c http://127.0.0.1:8080/conda/conda-forge zstd >/dev/null
[0]
studio-01$ miniconda3/envs/tools/bin/python -m pip install -q --index-url http://127.0.0.1:8080/simple pytz 2>/dev/null
[0]
studio-01$ rm -r miniconda3/envs/tools/lib/python3.12/site-packages/einops*
[0]
$ torchard plan
1 Mac  · studio-01 · arm64 · macOS 15.1
  ~ tools       18 kept, 3 to change                           new generation
      changed by hand since it was built
      - zstd     1.5.7    not in the lock; installed by hand
      - pytz     2026.6   not in the lock; installed by hand
      + einops   0.8.2    wheel
    disk        N MB needed, N GB free

Plan: 1 Mac to change, 0 up to date.
Nothing has been changed.
[2]
# For programs, the same: each package with what it was and what it is to be.
$ torchard plan --json
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
          "kind": "environment",
          "action": "update",
          "environment": "tools",
          "reason": "changed by hand since it was built",
          "path": "/Users/ada/.torchard/generations/tools-XXXXXXXX.2",
          "place": "~/.torchard/generations/tools-XXXXXXXX.2",
          "packages": [
            {
              "change": "remove",
              "name": "zstd",
              "from": "1.5.7",
              "to": null,
              "source": "conda",
              "bytes": 0,
              "sha256": null,
              "note": "not in the lock; installed by hand"
            },
            {
              "change": "add",
              "name": "einops",
              "from": null,
              "to": "0.8.2",
              "source": "wheel",
              "bytes": 0,
              "sha256": "SHA256",
              "note": ""
            },
            {
              "change": "remove",
              "name": "pytz",
              "from": "2026.6",
              "to": null,
              "source": "wheel",
              "bytes": 0,
              "sha256": null,
              "note": "not in the lock; installed by hand"
            }
          ],
          "kept": 18,
          "bytes": N,
          "disk": N,
          "digest": "SHA256",
          "files": [],
          "requested": [
            "python",
            "pip",
            "rhash",
            "einops"
          ],
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
          "moved": [],
          "uninspected": ""
        }
      ],
      "disk": {
        "needed": N,
        "free": N
      }
    }
  },
  "summary": {
    "change": 1,
    "up_to_date": 0,
    "unreachable": 0,
    "blocked": 0,
    "failed": 0,
    "fetch_bytes": 0
  }
}
[2]
# A verification fails when a package is not the locked one.
$ torchard verify
1 Mac  · studio-01 · arm64 · macOS 15.1
  ! failed      tools: einops is missing, not 0.8.2

Done: 0 Macs up to date, 1 failed.
[1]
