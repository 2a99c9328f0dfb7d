"""`python -m muslin` is the command line."""

from muslin.cli import main

main()
