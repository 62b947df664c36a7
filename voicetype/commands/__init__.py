"""The commands of the command line, a module for each kind; each is entered by `run(options)`."""
