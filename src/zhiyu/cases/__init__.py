"""cases: what people did next: alerts, queues, investigation, files, dispositions.

In: the server's log (decisions, gangs, drift) and what people do. Out: cases in the records; labels and answers on their way to the log.
Knows: the rooms above it. The log is the truth about decisions; cases are the truth about the work on them.
"""
