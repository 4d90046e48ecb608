"""Long looks at what a server decided, each in a process of its own: two models compared, one model watched, two versions of a policy
held against each other.

In: a folder with what is asked. Out: progress, then a result as JSON and as a page, or why there is none. Knows: the rooms
above `evaluation`.
"""
