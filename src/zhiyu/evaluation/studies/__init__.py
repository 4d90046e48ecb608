"""Long looks at what a server decided, each in a process of its own: two models compared, one model watched.

In: a folder with what is asked. Out: progress, then a result as JSON and as a page, or why there is none. Knows: the rooms
above `evaluation`.
"""
