"""The HTTP service of critmass: thin routes over the package, with every calculation in a child process."""
