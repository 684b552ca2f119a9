"""What is said between the core and the platforms, as values: messages, button presses, cards."""
