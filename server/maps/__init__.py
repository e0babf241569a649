"""The province's map: counts and rates by commune, as a page and as an API. Holds no household's data."""
