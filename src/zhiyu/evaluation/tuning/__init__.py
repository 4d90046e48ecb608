"""tuning: changes to a policy, proposed under stated limits and measured on decisions that were not used to find them.

In: a policy folder, a file of events with labels, limits. Out: candidate policy folders, each with its figures. The live folder is only
read. Order of reading: `observed` (what is looked at), `parts` (earlier and later), `again` (deciding again from kept values),
`constants` and `trees` (where proposals come from), `measure` and `limits` (what they are worth and may cost), `search`, `folder`, `tune`.
"""
