"""What each event changes: one function a kind of event, by what it is about; `evolve` knows them all."""
