"""Off-road: deviations from the road, on purpose and in writing.

record       what one record says: the model of its front matter
document     the file it stands in: front matter with line numbers, edited in place, and the argument in prose
ledger       every record of a service, read and held against the rules of its road
fingerprint  what exactly was approved
standing     the records against the service as it is: what is excused, what is not, what needs a look
lifecycle    new, accept, renew, close, baseline, rename
approval     who approved what, by the history
report       the records of many services: what their teams are telling the road
"""
