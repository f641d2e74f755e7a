"""Readers of files as payers and public bodies publish them: the product ships readers, not copies."""
