"""Load, provenance and check of catalogs."""

from critmass.catalog.load import data_dir, load_catalog, shipped_catalog_dir

__all__ = ["data_dir", "load_catalog", "shipped_catalog_dir"]
