"""Code shared by the Python models of the project."""
