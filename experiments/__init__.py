"""One file a table or figure; `python -m experiments.<name>`."""
