"""Would matching have predicted better than simpler models, on rows it has not seen? `backtest` and its verdict."""
