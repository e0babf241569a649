"""The registry of poor and near-poor households over the years, and movements."""
