"""The audit: finds what a data set states as fact and takes back from outside the clause."""
