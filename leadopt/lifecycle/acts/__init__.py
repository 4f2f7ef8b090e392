"""What each command does: one function a command, by who gives it; `decide` knows them all."""
