"""Excel workbooks: which sheet holds what, its cells as text in a grid, and workbooks that people can hand on."""
