"""Group settings: the rules, the command and the card."""
