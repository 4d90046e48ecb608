"""log: where events come from and where refused ones go; files for now.

In: NDJSON, CSV and Parquet files. Out: raw batches with positions in the stream, progress, refusals of lines that are
no record, and a dead-letter file. Knows: base, events (raw batches and refusals); not what any field means.
"""
