"""How well it is told: numbers, tables, figures and the model card, from the predictions and what `sensitivity` found."""
