# Every command says in plain words what it does and what its options are for.
---
$ torchard --help
Usage: torchard [OPTIONS] COMMAND [ARGS]...

  PyTorch for an orchard of Macs: one YAML file in, verified conda
  environments out.

  LAB is the path of a lab file. Without it, Torchard reads the file that
  TORCHARD_LAB names, else inventory/lab.yaml.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
  init        Write a lab folder to start from.
  check       Check a lab file without contacting any Mac.
  keys        Manage the lab's SSH host keys.
  doctor      Show what gets in the way, here and on each Mac.
  choose      Show which PyTorch fits a Mac, and why.
  lock        Solve each environment for each class of Macs.
  plan        Show what would change on each Mac, and change nothing.
  show        Show a saved plan, or what --json printed.
  apply       Plan, ask, make each Mac match LAB, and verify it.
  status      Show what each Mac has, and what was changed by hand.
  report      Write what each Mac has, and what would change, as one web page.
  verify      Verify every environment again.
  rollback    Activate the previous generation of ENV on each Mac.
  remove      Remove ENV and all its generations from each Mac.
  unlock      Show who holds a Mac's run lock, or remove a dead run's lock.
  depot       List, verify and clean the store of downloads.
  bundle      Write all that LAB needs to the folder DIR.
  export      Print the lock of ENV for conda, pip, PEP 751 or pixi.
  import      Print an environment.yml or requirements as a lab has them.
  schema      Print the JSON Schema of lab files, for editors and validators.
  completion  Print what makes a shell complete commands, Macs and files.
  demo        Run the whole job on simulated Macs.
  catalog     Print, verify and update the catalogue of releases.
[0]
$ torchard check --help
Usage: torchard check [OPTIONS] [LAB]

  Check a lab file without contacting any Mac.

  Torchard also checks that the ssh_config files that LAB names run no
  command. What LAB may still lack is a note, and no error.

Options:
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -h, --help            Show this message and exit.
[0]
$ torchard keys trust --help
Usage: torchard keys trust [OPTIONS] [MAC]... [LAB]

  Record the host keys of Macs, once you have compared them.

  Torchard records them in the known_hosts file that the lab names, else in
  ~/.ssh/known_hosts.

  MAC is a Mac, a group or a pattern; without it, all Macs of the lab are
  meant. LAB has a slash in it, or ends in .yaml. Torchard does not log in to
  the Macs. It never replaces a known key: if a Mac shows another one,
  Torchard reports that.

Options:
  --fingerprint SHA256:…  Record this key and no other; do not ask.
  --allow-ssh-commands    Let the ssh_config that LAB names run commands on
                          this computer.
  -v, --verbose           Show what pyinfra and ssh say.
  --log FILE              Append what pyinfra and ssh say to this file.
  -y, --yes               Do not ask.
  -h, --help              Show this message and exit.
[0]
$ torchard choose --help
Usage: torchard choose [OPTIONS]

  Show which PyTorch fits a Mac, and why.

Options:
  --arch [arm64|x86_64]           The Mac's processor; default: this Mac's.
  --macos VERSION                 Its macOS, such as 15.1; default: this
                                  Mac's.
  --python VERSION                The python, as MAJOR.MINOR.  [default: 3.12]
  --release TEXT                  stable, nightly or a version.  [default:
                                  stable]
  --backend [auto|mps|cpu]        auto means MPS if the Mac supports it.
                                  [default: auto]
  --source [auto|wheels|conda-forge|pytorch-channel]
                                  auto means PyTorch's own wheels.  [default:
                                  auto]
  --with [torchvision|torchaudio]...
                                  Only these beside torch, instead of all that
                                  there are.
  --no-with                       Only torch itself.
  --for PACKAGES                  Also solve with these pip packages, as in
                                  --for "diffusers einops"; lock nothing.
  --lab FILE                      Solve --for with the channels, mirrors and
                                  indexes of this lab.
  --mac NAME                      Those of this Mac of the lab.
  --explain                       List the newer releases that do not fit, and
                                  why.
  --json                          Print only JSON.
  -h, --help                      Show this message and exit.
[0]
$ torchard lock --help
Usage: torchard lock [OPTIONS] [LAB]

  Solve each environment for each class of Macs.

  The lock files of NAME.yaml go into locks/NAME/ beside it. Torchard contacts
  a Mac only if LAB does not say its arch and macOS. Each lock that is made is
  compared with the one before, package by package. With --depot, nothing is
  solved: the locks are the bundle's.

Options:
  --upgrade             Solve again, even if a lock file is up to date.
  --diff                As --upgrade, but write nothing; exit 2 for changes.
  --check               Write nothing; exit 2 if one is out of date.
  --depot DIR           Take everything from this folder, which `torchard
                        bundle` wrote; fetch nothing.
  --full                Show every package.
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -v, --verbose         Show what pyinfra and ssh say.
  --log FILE            Append what pyinfra and ssh say to this file.
  --audit               As --check, and compare each package with the channels
                        and the index.
  -h, --help            Show this message and exit.
[0]
$ torchard plan --help
Usage: torchard plan [OPTIONS] [LAB]

  Show what would change on each Mac, and change nothing.

Options:
  --limit NAME               Only this Mac, group or pattern.
  --only-failed-from REPORT  Only the Macs that failed or were left alone in
                             this output of `apply --json`.
  --locked                   Fail if a lock file is missing or out of date.
  --depot DIR                Take everything from this folder, which `torchard
                             bundle` wrote; fetch nothing.
  --parallel N               Work on so many Macs at a time (default: 100).
                             [x>=1]
  --full                     Show every package.
  --json                     Print only JSON.
  --out FILE                 Save the plan in this .json file.
  --explain MAC              Explain the plan of this Mac alone.
  --allow-ssh-commands       Let the ssh_config that LAB names run commands on
                             this computer.
  -v, --verbose              Show what pyinfra and ssh say.
  --log FILE                 Append what pyinfra and ssh say to this file.
  -h, --help                 Show this message and exit.
[0]
$ torchard show --help
Usage: torchard show [OPTIONS] FILE [FILE]...

  Show a saved plan, or what --json printed.

  Several files of one kind are shown as one, for example what several
  controllers did on different Macs of one lab. FILE is what `plan --out`
  wrote, or what --json printed of plan, apply, rollback, remove, status or
  verify. No Mac is contacted.

Options:
  --full      Show every package.
  --json      Print only JSON.
  -h, --help  Show this message and exit.
[0]
$ torchard apply --help
Usage: torchard apply [OPTIONS] [LAB or PLAN]

  Plan, ask, make each Mac match LAB, and verify it.

  PLAN is a file that `torchard plan --out` wrote. Torchard does exactly what
  it says, and skips a Mac that has changed since.

Options:
  --limit NAME               Only this Mac, group or pattern.
  --only-failed-from REPORT  Only the Macs that failed or were left alone in
                             this output of `apply --json`.
  --locked                   Fail if a lock file is missing or out of date.
  --depot DIR                Take everything from this folder, which `torchard
                             bundle` wrote; fetch nothing.
  --full                     Show every package.
  --json                     Print only JSON.
  --junit FILE               Also write what was found into this file, as
                             JUnit's XML.
  -y, --yes                  Do not ask.
  --rebuild ENV              Build this environment again from the same lock
                             file, although it is up to date.
  --parallel N               Work on so many Macs at a time (default: 100).
                             [x>=1]
  --batch N                  Change so many Macs, then the next ones, in the
                             order of --limit or of LAB.  [x>=1]
  --stop-after FAILURES      Begin no further batch after one in which more
                             Macs failed (default: 0).  [x>=0]
  --allow-ssh-commands       Let the ssh_config that LAB names run commands on
                             this computer.
  -v, --verbose              Show what pyinfra and ssh say.
  --log FILE                 Append what pyinfra and ssh say to this file.
  -h, --help                 Show this message and exit.
[0]
$ torchard status --help
Usage: torchard status [OPTIONS] [LAB]

  Show what each Mac has, and what was changed by hand.

  Each environment has two signs: what happened to it since Torchard built it,
  and what an apply would do to it. Nothing is written on a Mac.

Options:
  --limit NAME          Only this Mac, group or pattern.
  --locked              Fail if a lock file is missing or out of date.
  --full                Show every package.
  --json                Print only JSON.
  --junit FILE          Also write what was found into this file, as JUnit's
                        XML.
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -v, --verbose         Show what pyinfra and ssh say.
  --log FILE            Append what pyinfra and ssh say to this file.
  -h, --help            Show this message and exit.
[0]
$ torchard verify --help
Usage: torchard verify [OPTIONS] [LAB]

  Verify every environment again.

  Torchard checks for a native python, the locked versions, a real
  computation, and MPS where it is expected. It changes nothing in the
  environment. It notes a failure on the Mac, so that `plan` and `status` show
  it, and removes the note when verification succeeds.

Options:
  --limit NAME          Only this Mac, group or pattern.
  --locked              Fail if a lock file is missing or out of date.
  --json                Print only JSON.
  --junit FILE          Also write what was found into this file, as JUnit's
                        XML.
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -v, --verbose         Show what pyinfra and ssh say.
  --log FILE            Append what pyinfra and ssh say to this file.
  -h, --help            Show this message and exit.
[0]
$ torchard rollback --help
Usage: torchard rollback [OPTIONS] ENV [LAB]

  Activate the previous generation of ENV on each Mac.

  Torchard renames one link; nothing is downloaded, locked or built. A second
  rollback goes no further back. To go forward again, run `torchard apply`.

Options:
  --limit NAME          Only this Mac, group or pattern.
  --full                Show every package.
  --json                Print only JSON.
  -y, --yes             Do not ask.
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -v, --verbose         Show what pyinfra and ssh say.
  --log FILE            Append what pyinfra and ssh say to this file.
  -h, --help            Show this message and exit.
[0]
$ torchard unlock --help
Usage: torchard unlock [OPTIONS] MAC [LAB]

  Show who holds a Mac's run lock, or remove a dead run's lock.

  The next run removes it as well. Torchard never removes a lock while a
  process of its run is at work on the Mac: end that process, and its lock
  goes with it.

Options:
  --holder ID           ID of the run that holds the lock (printed without
                        this option).
  --allow-ssh-commands  Let the ssh_config that LAB names run commands on this
                        computer.
  -v, --verbose         Show what pyinfra and ssh say.
  --log FILE            Append what pyinfra and ssh say to this file.
  -h, --help            Show this message and exit.
[0]
$ torchard demo --help
Usage: torchard demo [OPTIONS]

  Run the whole job on simulated Macs.

  No real Mac is touched, not even this one: the simulated ones are folders
  behind SSH on loopback ports.

Options:
  --macs INTEGER RANGE  How many Macs.  [default: 5; 1<=x<=50]
  --keep DIRECTORY      Keep the lab in this folder.
  -h, --help            Show this message and exit.
[0]
$ torchard catalog --help
Usage: torchard catalog [OPTIONS] COMMAND [ARGS]...

  Print, verify and update the catalogue of releases.

Options:
  -h, --help  Show this message and exit.

Commands:
  matrix   Print which PyTorch each Mac and python gets, in Markdown.
  refresh  Propose rows for new releases, as a diff to review.
  verify   Compare every row of wheels with the package index.
[0]
$ torchard catalog matrix --help
Usage: torchard catalog matrix [OPTIONS]

  Print which PyTorch each Mac and python gets, in Markdown.

Options:
  --out DIRECTORY  Write it and the pages on refusals, releases and pairings
                   to this folder.
  -h, --help       Show this message and exit.
[0]
$ torchard catalog verify --help
Usage: torchard catalog verify [OPTIONS]

  Compare every row of wheels with the package index.

Options:
  --release RELEASE  Only this release.
  --libraries        Read the libraries of each row's wheel: N MB for a
                     torch.
  --from FILE        Compare a conda channel's listing, or OSV's records, in
                     this file instead.
  --channel TEXT     The channel of a listing that does not name it:
                     repodata.json.
  -h, --help         Show this message and exit.
[0]
$ torchard catalog refresh --help
Usage: torchard catalog refresh [OPTIONS]

  Propose rows for new releases, as a diff to review.

  Exits 0 if nothing is new, 2 if something is, and 1 if a source did not
  answer.

Options:
  --from [wheels|conda|installers|advisories]
                                  Only this source.
  --write                         Write the rows into the catalogue's files.
  -h, --help                      Show this message and exit.
[0]
