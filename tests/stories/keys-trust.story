# A Mac whose key nobody knows is given no command; keys trust records the key that was compared.
macs:
- {name: studio-01, arch: arm64, macos: "15.1"}
lab:
  environments: {tools: {python: "3.12", pytorch: false, conda: [rhash], pip: [einops]}}
  groups: {simulated: {ssh: {known_hosts: hosts}}}
---
$ torchard plan
1 Mac  · studio-01
  ! unreachable the host key of [127.0.0.1]:2201 is not known; it shows ED25519 SHA256:FINGERPRINT; if that is the host's own, run `torchard keys trust studio-01`

Plan: 0 Macs to change, 0 up to date, 1 unreachable.
Nothing has been changed.
[3]
$ torchard keys trust
studio-01: the host key of [127.0.0.1]:2201 is ED25519 SHA256:FINGERPRINT.
  To compare, run this on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
2> studio-01: not recorded: there is no terminal to ask at. Compare the two keys, then give --fingerprint SHA256:FINGERPRINT, or --yes.
[1]
$ torchard keys trust --yes
studio-01: the host key of [127.0.0.1]:2201 is ED25519 SHA256:FINGERPRINT.
studio-01: recorded in /lab/hosts.
studio-01: ED25519 SHA256:FINGERPRINT is known.
[0]
$ torchard keys trust studio-01
studio-01: ED25519 SHA256:FINGERPRINT is known.
[0]
studio-01: {fault: hostkey}
$ torchard keys trust --yes
2> studio-01: refused: the host key of [127.0.0.1]:2201 is not the one that is known: it shows ED25519 SHA256:FINGERPRINT, and ED25519 SHA256:FINGERPRINT is known; somebody may be in between, or the Mac was set up again: then run `ssh-keygen -R '[127.0.0.1]:2201' -f /lab/hosts` and `torchard keys trust studio-01`
[3]
