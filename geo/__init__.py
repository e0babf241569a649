"""Where it is: units in time, boundaries, locating, aggregates, legends.

May import `poverty` and nothing else of the project. (Geo)DataFrames and files in, (Geo)DataFrames out;
coordinates are EPSG:4326 unless a name says otherwise.
"""
