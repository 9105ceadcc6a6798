# A file that is not the plan that was saved is refused with what it is; nobody is contacted.
macs:
- {name: studio-01, arch: arm64, macos: "15.1", fault: refuse}
lab:
  environments:
    tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}
---
$ torchard plan --out plan.json >/dev/null
[3]
$ sed 's/refused the connection/took the connection/' plan.json >edited.json; torchard apply --yes edited.json
2> edited.json: the plan of studio-01 was edited since it was saved.
2>   Plan again: `torchard plan --out FILE`.
[1]
$ head -c 300 plan.json >half.json; torchard show half.json
2> half.json:11:19: this is not a whole plan: it was cut off there, or edited.
2>   Plan again: `torchard plan --out FILE`.
[1]
$ sed 's/"format": 2/"format": 1/' plan.json >older.json; torchard show older.json
2> older.json: its format is 1, and this version of Torchard reads format 2.
2>   Plan again: `torchard plan --out FILE`.
[1]
$ rm lab.yaml; torchard apply --yes plan.json
2> plan.json: the lab of this plan, /lab/lab.yaml, does not exist.
2>   Plan again: `torchard plan --out FILE`.
[1]
