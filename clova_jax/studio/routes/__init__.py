"""Has the paths of the API, a file a subject."""
