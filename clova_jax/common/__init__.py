"""The ground floor: errors, files, the command line, progress, stop signals and result folders."""
