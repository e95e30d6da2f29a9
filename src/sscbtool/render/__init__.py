"""Results into text, bytes or renderables; opens nothing, decides nothing."""
