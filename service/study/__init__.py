"""The domain: model, states, transitions, what travels between stages. Standard library only."""
