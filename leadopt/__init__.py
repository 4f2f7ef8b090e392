"""leadopt."""
