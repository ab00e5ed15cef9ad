"""Neighbours that misbehave while honest devices and customers go on working."""
