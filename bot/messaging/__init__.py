"""The values exchanged between the core and the platforms: messages, button presses, cards."""
