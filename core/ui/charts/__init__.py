"""The one home of Plotly under core: figures, made on any thread."""
