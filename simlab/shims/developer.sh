# A Mac without the Command Line Tools has only a stub here, which opens a window.
echo 'xcode-select: note: No developer tools were found, requesting install.' >&2
# shellcheck disable=SC2016 # the quotes are Apple's
echo 'If developer tools are located at a non-default location on disk, use `sudo xcode-select --switch path/to/Xcode.app` to specify the Xcode that you wish to use for command line developer tools, and cancel the installation dialog.' >&2
exit 1
