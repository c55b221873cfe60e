"""Has what an app is made of, and turns a caller's text into a request with its prompt filled."""
