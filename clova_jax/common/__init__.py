"""Holds the ground floor: errors, files, the command line, progress, stop signals, run folders and reports."""
