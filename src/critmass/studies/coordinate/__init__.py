"""Payers that coordinate: what they would have to add for practices to reach critical mass, and who could."""
