"""Who it is: linkage of interviews with the registry, identity over the years, movements from year to year.

May import `poverty` and nothing else of the project. DataFrames and files in, DataFrames out.
"""
