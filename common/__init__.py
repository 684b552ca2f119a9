"""What the bot and the stylizer would otherwise write twice. It imports none of our other packages."""
