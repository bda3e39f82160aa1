"""Search as a library: `load` what ranks the last run's statutes, `rank` them for the facts of a case.

>>> from lexfit.search import Bm25, Statute, rank
>>> statutes = [
...     Statute("302", "Punishment for murder", ("Whoever commits murder shall be punished with death.",)),
...     Statute("379", "Punishment for theft", ("Whoever commits theft shall be punished with imprisonment.",)),
...     Statute("138", "Dishonour of cheque", ("Where any cheque is returned by the bank unpaid.",)),
... ]
>>> for hit in rank(Bm25(statutes), "He took the cheque, wrote his name on it, and the bank returned it.", k=1):
...     print(hit.rank, hit.statute.id, hit.statute.title, round(hit.score, 3))
1 138 Dishonour of cheque 2.465

With the model that the pipeline made, `load()` takes the place of `Bm25(statutes)`; it reads data/, so it is called in
a project where `dvc repro` has run.
"""

from lexfit.search.rankers import Bm25, Dense, load
from lexfit.search.ranking import Hit, Statute, rank, read_statutes

__all__ = ["Bm25", "Dense", "Hit", "Statute", "load", "rank", "read_statutes"]
