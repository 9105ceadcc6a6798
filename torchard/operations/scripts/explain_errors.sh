# Why macOS or a limit of the account stopped a command, and what to do: one table for every script.
# POSIX sh. The texts are those of errno (Apple's Libc, gen/errlst.c), and of signals in shells. The
# last line that names a limit counts.
no_room="this Mac's disk is full; make room, and run it again"
# Reads error messages and prints what to do about them; fails if it knows none of them.
explain_error() {
  explained=
  while IFS= read -r line; do
    case $line in
      *'No space left on device'*) explained=$no_room ;;
      *'Disc quota exceeded'* | *'Disk quota exceeded'*)
        explained="the account's disk quota is used up; make room in its home, or ask for a\
 larger quota, and run it again"
        ;;
      *'File too large'* | *'ile size limit exceeded'* | *'ilesize limit exceeded'*)
        explained="a file became larger than the account or the volume allows; \`ulimit -f\`\
 shows the account's limit, and its startup files may set it"
        ;;
      *'Too many open files'*)
        explained="the account's limit of open files is too low; \`ulimit -n\` shows it, and its\
 startup files or \`launchctl limit maxfiles\` may set it"
        ;;
      *fork*'Resource temporarily unavailable'* | *'[Errno 35] Resource temporarily'* | \
        *'[Errno 11] Resource temporarily'*)
        explained="the account has as many processes as it may; end some, or raise its limit\
 (\`ulimit -u\`), and run it again"
        ;;
      *'Read-only file system'*)
        explained="the volume is mounted read-only; \`mount\` shows it"
        ;;
      *'Operation not permitted'*) explained=$(explain_forbidden "$line") ;;
      */bin/*'Permission denied'* | *_conda*'Permission denied'* | *.sh*'Permission denied'*)
        explained="programs may not run there; if \`mount\` shows that volume as noexec, name an\
 account with another home in ssh.user, or set miniconda.prefix to another path"
        ;;
    esac
  done
  [ -n "$explained" ] && printf '%s\n' "$explained"
}
# macOS guards some folders of a home, and other volumes, from programs that a person has not allowed
# (TCC). It answers EPERM there, whatever the mode of the file says.
explain_forbidden() {
  case $(printf '%s' "$1" | tr ":'\"," '////')/ in
    */Documents/* | */Desktop/* | */Downloads/* | *'/Library/Mobile Documents/'* | \
      */Library/CloudStorage/* | */Volumes/*)
      printf '%s\n' "macOS guards that folder; turn on System Settings > General > Sharing > Remote\
 Login > Allow full disk access for remote users (for a run on this very Mac, Full Disk Access of\
 the terminal), or use another folder"
      ;;
    *)
      printf '%s\n' "macOS forbids that, whatever the file's mode says; \`ls -lO\` shows flags such\
 as uchg, and Full Disk Access for remote users may be missing"
      ;;
  esac
}
# Runs a command that a limit may stop, and keeps what it prints in `errors`.
errors=
attempt() {
  errors=$("$@" 2>&1) && return
  [ -z "$errors" ] || printf '%s\n' "$errors" >&2
  return 1
}
