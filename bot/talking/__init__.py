"""How people talk with the bot, on any platform: what they say and press, and the cards that answer them.

`conversation` and `presses` are the switchboards; the desks behind them ask the core (`bot.services`) and make cards.
The core imports nothing of this; handlers import `incoming` and `answers`, and hand them to the switchboards.
"""
