"""A history as evaluation needs it: rows with what was predicted of them, folds, and combinations of levels."""
