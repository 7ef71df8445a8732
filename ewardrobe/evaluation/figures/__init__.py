"""Charts in Plotly: figures of models, trainings and the wardrobe."""
