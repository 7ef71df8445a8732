"""How good, how fast and how sure: measures of the models and of what the app makes of them."""
