"""Touches the world, judges nothing."""
