"""Billing package: credits, group credits, purchases and refunds."""
