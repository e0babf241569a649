"""The registry of poor and near-poor households over the years, its links with interviews, and movements."""
