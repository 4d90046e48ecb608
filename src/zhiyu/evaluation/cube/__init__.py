"""The metric cube: what was decided, minute by minute, along the dimensions that people ask by; asked in milliseconds.

`facts`: frames of the log become rows; `rollups`: the rows on the disk, by minute and by hour; `ask`: questions, `asked`: in words.
Everything stands in the log: a cube that is lost is counted again and comes out the same.
"""
